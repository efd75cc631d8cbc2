use super::*;

#[test]
fn waits_grow_up_to_a_limit_and_differ() {
    let minutes = |failures: i32| -> Vec<i64> {
        let ids = (0..50).map(|id| format!("01a1fd3e-7209-72c7-b3d9-f7b4ff89c5{id:02}"));
        ids.map(|id| wait(&id, failures).num_seconds()).collect()
    };
    for (failures, usual) in [(1, 60), (4, 480), (ATTEMPTS, 3_600)] {
        let waits = minutes(failures);
        let (low, high) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(*low >= usual * 3 / 4 && *high <= usual * 5 / 4, "{waits:?}");
        assert!(high - low > usual / 4, "{waits:?}");
    }
}

#[test]
fn a_mail_server_may_be_away_for_a_long_weekend() {
    let waits = (1..ATTEMPTS).map(|failures| wait("01a1fd3e", failures));
    let given_up = waits.fold(TimeDelta::zero(), |all, wait| all + wait);
    assert!(given_up > TimeDelta::days(4), "{given_up}");
    assert!(given_up < TimeDelta::days(6), "{given_up}");
}
