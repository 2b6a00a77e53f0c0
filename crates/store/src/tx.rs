//! What a driver gives to commands and reads: a transaction to run named statements in.

use galen_core::{StoreError, StoreResult};

use crate::Query;

/// A value bound to a placeholder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// A number that need not be whole.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer, valid until the next one is asked for. Columns count from 0; text and
/// bytes are borrowed from the engine.
pub trait Row {
    /// The whole number in this column, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column holds something else.
    fn maybe_int(&self, column: usize) -> StoreResult<Option<i64>>;

    /// The number in this column, whole or not, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column holds something else.
    fn maybe_real(&self, column: usize) -> StoreResult<Option<f64>>;

    /// The text in this column, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column holds something else.
    fn maybe_text(&self, column: usize) -> StoreResult<Option<&str>>;

    /// The bytes in this column, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column holds something else.
    fn maybe_blob(&self, column: usize) -> StoreResult<Option<&[u8]>>;

    /// The whole number in this column.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column is empty or holds something else.
    fn int(&self, column: usize) -> StoreResult<i64> {
        self.maybe_int(column)?.ok_or_else(|| empty(column))
    }

    /// The text in this column.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column is empty or holds something else.
    fn text(&self, column: usize) -> StoreResult<&str> {
        self.maybe_text(column)?.ok_or_else(|| empty(column))
    }

    /// The bytes in this column.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the column is empty or holds something else.
    fn blob(&self, column: usize) -> StoreResult<&[u8]> {
        self.maybe_blob(column)?.ok_or_else(|| empty(column))
    }
}

fn empty(column: usize) -> StoreError {
    StoreError::Engine(format!("column {column} is empty"))
}

/// A transaction. Object-safe, so that commands and reads are written once for every engine.
pub trait Tx {
    /// Runs a statement that gives no rows; returns how many rows it changed.
    ///
    /// # Errors
    /// What the engine said, as a [`StoreError`].
    fn run(&mut self, query: &Query, values: &[Value<'_>]) -> StoreResult<u64>;

    /// Runs a statement to its end and hands each of its rows to `each`; returns how many there were.
    ///
    /// # Errors
    /// What the engine said, or the first error of `each`.
    fn read(
        &mut self,
        query: &Query,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Row) -> StoreResult<()>,
    ) -> StoreResult<u64>;
}

/// The first row a statement gives, decoded; nothing when it gives none.
///
/// # Errors
/// What the engine said, or what `decode` found wrong.
pub(crate) fn one<T>(
    tx: &mut dyn Tx,
    query: &Query,
    values: &[Value<'_>],
    decode: impl Fn(&dyn Row) -> StoreResult<T>,
) -> StoreResult<Option<T>> {
    let mut found = None;
    tx.read(query, values, &mut |row| {
        if found.is_none() {
            found = Some(decode(row)?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Every row a statement gives, decoded. Every statement read so has a limit of its own or is
/// bounded by what one user owns.
///
/// # Errors
/// What the engine said, or what `decode` found wrong.
pub(crate) fn all<T>(
    tx: &mut dyn Tx,
    query: &Query,
    values: &[Value<'_>],
    decode: impl Fn(&dyn Row) -> StoreResult<T>,
) -> StoreResult<Vec<T>> {
    let mut found = Vec::new();
    tx.read(query, values, &mut |row| {
        found.push(decode(row)?);
        Ok(())
    })?;
    Ok(found)
}
