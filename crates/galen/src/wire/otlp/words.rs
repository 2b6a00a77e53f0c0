//! The words of OTLP that spans and metrics share: attributes, and who we are.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// The version of the semantic conventions whose names are used.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.37.0";

/// An attribute.
pub fn attribute(key: impl Into<String>, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

/// An attribute that is a text.
pub fn text(key: impl Into<String>, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

/// Who we are: the program, its version, and this run of it.
pub fn resource(instance: &str) -> Resource {
    let attributes = vec![
        text("service.name", "galen"),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("service.instance.id", instance),
    ];
    Resource { attributes, ..Resource::default() }
}

/// What measures.
pub fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "galen".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
