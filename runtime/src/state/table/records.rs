//! Rows as records of a checkpoint.
use crate::codec::{Form, append};
use serde::Serialize;

/// What a record does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowChange {
    Put,
    Delete,
    /// All keys that begin so are gone.
    DeleteAll,
}

/// Records of rows: the number of a table and the bytes of a key, and the bytes of the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowRecords {
    bytes: Vec<u8>,
    /// Where keys and rows end.
    ends: Vec<(RowChange, usize, usize)>,
}

impl RowRecords {
    /// All of them, in the order in which they count.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RowChange, &[u8], &[u8])> {
        let mut from = 0;
        self.ends.iter().map(move |(change, key, row)| {
            let start = std::mem::replace(&mut from, *row);
            (*change, &self.bytes[start..*key], &self.bytes[*key..*row])
        })
    }

    /// All rows of a table are gone.
    pub(crate) fn delete_all(&mut self, number: u8) {
        self.bytes.push(number);
        self.end(RowChange::DeleteAll, self.bytes.len());
    }

    fn end(&mut self, change: RowChange, key: usize) {
        self.ends.push((change, key, self.bytes.len()));
    }

    fn key<K: Serialize>(&mut self, number: u8, key: &K) -> Result<usize, String> {
        self.bytes.push(number);
        append(Form::Binary, key, &mut self.bytes).map_err(|failure| failure.to_string())?;
        Ok(self.bytes.len())
    }

    pub(super) fn put<K: Serialize, V: Serialize>(
        &mut self,
        number: u8,
        key: &K,
        row: &V,
    ) -> Result<(), String> {
        let key = self.key(number, key)?;
        append(Form::Binary, row, &mut self.bytes).map_err(|failure| failure.to_string())?;
        self.end(RowChange::Put, key);
        Ok(())
    }

    /// What has become of the row that had this key under a stamp. An equal key may have other bytes.
    pub(super) fn change<K: Serialize, V: Serialize>(
        &mut self,
        number: u8,
        key: &K,
        now: Option<(&K, &V)>,
    ) -> Result<(), String> {
        let start = self.bytes.len();
        let end = self.key(number, key)?;
        self.end(RowChange::Delete, end);
        let Some((known, row)) = now else { return Ok(()) };
        let mut at = self.key(number, known)?;
        if self.bytes[start..end] == self.bytes[end..at] {
            // One record is both.
            self.ends.pop();
            self.bytes.truncate(end);
            at = end;
        }
        append(Form::Binary, row, &mut self.bytes).map_err(|failure| failure.to_string())?;
        self.end(RowChange::Put, at);
        Ok(())
    }
}
