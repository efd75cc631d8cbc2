//! Column types that both databases share: timestamps (TIMESTAMPTZ or microseconds), JSON documents (JSONB or text), and
//! ids and enums as text.
//!
//! What a column holds that its type does not allow is an error of the whole query: see [`StoreError`].
//!
//! [`StoreError`]: super::StoreError

use std::fmt::{Debug, Display};
use std::io::Write as _;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, HasSqlType, Jsonb, SqlType, Text, Timestamptz};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::db::{MultiBackend, MultiRawValue};
use crate::domain::time::interval::Timestamp;

/// SQL type of an instant.
#[derive(SqlType, diesel::query_builder::QueryId)]
#[diesel(sqlite_type(name = "Long"))]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
pub struct UtcTs;

impl diesel::sql_types::SqlOrd for UtcTs {}

/// SQL type of a JSON document.
#[derive(SqlType, diesel::query_builder::QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
pub struct JsonDoc;

impl HasSqlType<UtcTs> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<UtcTs>(lookup)
    }
}

impl HasSqlType<JsonDoc> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<JsonDoc>(lookup)
    }
}

/// An instant in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = UtcTs)]
pub struct Ts(pub Timestamp);

/// A value that is stored as a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = JsonDoc)]
pub struct AsJson<T: Debug>(pub T);

/// A value that is stored as the text that it displays as, such as an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct AsText<T: Debug>(pub T);

/// A plain enum that is stored as the name that serde gives its variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct AsEnum<T: Debug>(pub T);

impl ToSql<UtcTs, Sqlite> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<UtcTs, Sqlite> for Ts {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        DateTime::from_timestamp_micros(micros)
            .map(Ts)
            .ok_or_else(|| "an instant out of range".into())
    }
}

impl ToSql<UtcTs, Pg> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <DateTime<Utc> as ToSql<Timestamptz, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<UtcTs, Pg> for Ts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(value).map(Ts)
    }
}

impl ToSql<UtcTs, MultiBackend> for Ts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((UtcTs, self));
        Ok(IsNull::No)
    }
}

impl FromSql<UtcTs, MultiBackend> for Ts {
    fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, UtcTs>()
    }
}

impl<T: Debug + Serialize> ToSql<JsonDoc, Sqlite> for AsJson<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl<T: Debug + DeserializeOwned> FromSql<JsonDoc, Sqlite> for AsJson<T> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

impl<T: Debug + Serialize> ToSql<JsonDoc, Pg> for AsJson<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let value = serde_json::to_value(&self.0)?;
        <Value as ToSql<Jsonb, Pg>>::to_sql(&value, &mut out.reborrow())
    }
}

impl<T: Debug + DeserializeOwned> FromSql<JsonDoc, Pg> for AsJson<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let value = <Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
        Ok(Self(serde_json::from_value(value)?))
    }
}

impl<T: Debug + Serialize + Send + Sync + 'static> ToSql<JsonDoc, MultiBackend> for AsJson<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((JsonDoc, self));
        Ok(IsNull::No)
    }
}

impl<T: Debug + DeserializeOwned> FromSql<JsonDoc, MultiBackend> for AsJson<T> {
    fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, JsonDoc>()
    }
}

/// Both wrappers of text differ only in how a value becomes text, and text a value.
macro_rules! stored_in_text_columns {
    ($wrapper:ident, $written:path, $read:path, $to_text:expr, $from_text:expr) => {
        impl<T: Debug + $written> ToSql<Text, Sqlite> for $wrapper<T> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value($to_text(&self.0)?);
                Ok(IsNull::No)
            }
        }

        impl<T: Debug + $written> ToSql<Text, Pg> for $wrapper<T> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all($to_text(&self.0)?.as_bytes())?;
                Ok(IsNull::No)
            }
        }

        impl<T: Debug + Send + Sync + 'static + $written> ToSql<Text, MultiBackend>
            for $wrapper<T>
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((Text, self));
                Ok(IsNull::No)
            }
        }

        impl<T: Debug + $read> FromSql<Text, Sqlite> for $wrapper<T> {
            fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                $from_text(&<String as FromSql<Text, Sqlite>>::from_sql(value)?).map(Self)
            }
        }

        impl<T: Debug + $read> FromSql<Text, Pg> for $wrapper<T> {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                $from_text(&<String as FromSql<Text, Pg>>::from_sql(value)?).map(Self)
            }
        }

        impl<T: Debug + $read> FromSql<Text, MultiBackend> for $wrapper<T> {
            fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<Self, Text>()
            }
        }
    };
}

stored_in_text_columns!(AsText, Display, FromStr, displayed, parsed);
stored_in_text_columns!(AsEnum, Serialize, DeserializeOwned, variant_name, variant);

#[expect(clippy::unnecessary_wraps, reason = "the name of a variant may fail")]
fn displayed(value: &impl Display) -> deserialize::Result<String> {
    Ok(value.to_string())
}

fn parsed<T: FromStr>(text: &str) -> deserialize::Result<T> {
    text.parse().map_err(|_| format!("{text:?}").into())
}

fn variant_name(value: &impl Serialize) -> deserialize::Result<String> {
    match serde_json::to_value(value)? {
        Value::String(name) => Ok(name),
        other => Err(format!("not a plain enum: {other}").into()),
    }
}

fn variant<T: DeserializeOwned>(name: &str) -> deserialize::Result<T> {
    Ok(serde_json::from_value(name.into())?)
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::StoreError;
    use crate::domain::ids::PersonId;
    use crate::domain::people::person::Role;

    fn id(text: &str) -> Result<PersonId, StoreError> {
        let mut db = SqliteConnection::establish(":memory:").unwrap();
        let column = diesel::select(text.into_sql::<Text>());
        Ok(column.get_result::<AsText<PersonId>>(&mut db)?.0)
    }

    fn role(text: &str) -> Result<Role, StoreError> {
        let mut db = SqliteConnection::establish(":memory:").unwrap();
        let column = diesel::select(text.into_sql::<Text>());
        Ok(column.get_result::<AsEnum<Role>>(&mut db)?.0)
    }

    #[test]
    fn ids_and_enums_are_stored_as_their_names() {
        let text = "01a1ff3f-73be-747b-985a-7e2cbec8dac5";
        assert_eq!(displayed(&id(text).unwrap()).unwrap(), text);
        let found = role("administrator").unwrap();
        assert_eq!(variant_name(&found).unwrap(), "administrator");
    }

    /// No version has written that, so the database is damaged, and nothing of it is answered.
    #[test]
    fn what_a_type_does_not_allow_makes_the_database_unusable() {
        assert!(matches!(id("somebody"), Err(StoreError::Unavailable(_))));
        assert!(matches!(role("emperor"), Err(StoreError::Unavailable(_))));
    }
}
