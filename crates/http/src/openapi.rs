//! The API's document in the form of `OpenAPI` 3.1, and what is looked up in it.

use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use super::shape::Shape;

/// The members of a path that are operations, and their methods.
pub const METHODS: [(&str, &str); 5] = [
    ("get", "GET"),
    ("put", "PUT"),
    ("post", "POST"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
];

/// The document, and what is looked up in it.
#[derive(Debug, Clone)]
pub struct Document {
    json: String,
    value: Value,
    methods: Vec<(Vec<String>, Vec<&'static str>)>,
}

impl Document {
    /// A whole document.
    #[must_use]
    pub fn new(value: Value) -> Self {
        let paths = value.get("paths").and_then(Value::as_object);
        let methods = paths.into_iter().flatten().map(|(path, item)| {
            let segments = path.split('/').map(str::to_owned).collect();
            let has = |(member, _): &&(&str, &str)| item.get(member).is_some();
            (
                segments,
                METHODS.iter().filter(has).map(|(_, name)| *name).collect(),
            )
        });
        Self {
            json: value.to_string(),
            methods: methods.collect(),
            value,
        }
    }

    /// The document as it is served.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// What a request may hold to what is at this path, as the routes have it; nothing where that is not in the
    /// document.
    #[must_use]
    pub fn shape(&self, path: &str, method: &str) -> Option<Shape<'_>> {
        let operation = self.value.get("paths")?.get(path)?.get(method)?;
        Some(Shape::new(&self.value, operation))
    }

    /// The methods that can be used on this path; none where there is no such path.
    #[must_use]
    pub fn methods(&self, path: &str) -> Vec<&'static str> {
        let segments: Vec<&str> = path.split('/').collect();
        let meets = |template: &[String]| {
            template.len() == segments.len()
                && template.iter().zip(&segments).all(|(expected, given)| {
                    expected == given || (expected.starts_with('{') && !given.is_empty())
                })
        };
        let mut all: Vec<&'static str> = self
            .methods
            .iter()
            .filter(|(template, _)| meets(template))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect();
        if all.contains(&"GET") {
            all.push("HEAD");
        }
        if !all.is_empty() {
            all.push("OPTIONS");
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The operation that a request asks for, for whoever needs it after the request is gone.
#[derive(Debug, Clone)]
pub struct RequestShape {
    document: web::Data<Document>,
    path: String,
    method: &'static str,
}

impl RequestShape {
    /// The shape of what this request asks for; nothing where the document does not have it.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let shape = Self {
            document: request.app_data::<web::Data<Document>>()?.clone(),
            path: request.match_pattern()?,
            method: member(request.method()),
        };
        shape.get().is_some().then_some(shape)
    }

    /// The shape itself.
    #[must_use]
    pub fn get(&self) -> Option<Shape<'_>> {
        self.document.shape(&self.path, self.method)
    }
}

/// The member of a path that has what this method does.
fn member(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|(_, name)| method.as_str() == *name);
    known.map_or("get", |(member, _)| member)
}

/// A header of requests, which may be left out.
#[must_use]
pub fn request_header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}
