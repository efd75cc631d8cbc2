//! Whether an answer has the shape of one that a document shows.

use serde_json::Value;

/// Members whose value is compared, too.
const EXACT: [&str; 1] = ["status"];

/// Where `real` has not the shape of `shown`: each member that is shown exists, is null only where null is shown, and
/// has the same type. A document may leave members out, and elements at the end of a list.
pub fn differences(shown: &Value, real: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", shown, real, &mut found);
    found
}

fn compare(at: &str, shown: &Value, real: &Value, found: &mut Vec<String>) {
    match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            for (name, shown) in shown {
                let at = format!("{at}/{name}");
                match real.get(name) {
                    None => found.push(format!("{at} is not there")),
                    Some(real) if EXACT.contains(&name.as_str()) && shown != real => {
                        found.push(format!("{at} is {real}, not {shown}"));
                    }
                    Some(real) => compare(&at, shown, real, found),
                }
            }
        }
        (Value::Array(shown), Value::Array(real)) => {
            if shown.len() > real.len() {
                found.push(format!("{at} has {} elements only", real.len()));
            }
            for (index, (shown, real)) in shown.iter().zip(real).enumerate() {
                compare(&format!("{at}/{index}"), shown, real, found);
            }
        }
        _ if std::mem::discriminant(shown) == std::mem::discriminant(real) => {}
        _ => found.push(format!(
            "{at} is {real}, which is another type than {shown}"
        )),
    }
}

#[test]
fn answers_of_another_shape_are_found() {
    let shown =
        serde_json::json!({"person": {"name": "Ada"}, "gap": null, "items": [1], "status": 422});
    for (real, count) in [
        (
            serde_json::json!({"person": {"name": "B", "id": 1}, "gap": null, "items": [2, 3], "status": 422}),
            0,
        ),
        (
            serde_json::json!({"person": null, "gap": null, "items": [2], "status": 422}),
            1,
        ),
        (
            serde_json::json!({"person": {}, "gap": null, "items": [2], "status": 422}),
            1,
        ),
        (
            serde_json::json!({"person": {"name": "B"}, "gap": "x", "items": [], "status": 409}),
            3,
        ),
        (
            serde_json::json!({"person": {"name": 1}, "gap": null, "items": ["2"], "status": 422}),
            2,
        ),
    ] {
        let different = differences(&shown, &real);
        assert_eq!(different.len(), count, "{different:?}");
    }
}
