//! An epoch as it stands in the log: its time, and its requests in their order.
//!
//! ```text
//! epoch   = now, request*
//! request = method * 2 + has id, handle, number, calls, length, bytes [, length, id]
//! ```
//! All numbers are varints. `method` is a number of the run's [`Start`](super::start::Start); `number` is that of the first of
//! so many calls at its handle; the bytes are the key and the arguments of each call, one behind the other; the id is what the
//! answer of the one call is remembered under.
use crate::base::ambient::TransactionId;
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::base::varint::{read, write};
use crate::request::ingress::{Submission, Submitted};

/// A worker's part of an epoch.
#[derive(Debug, Default)]
pub(crate) struct PartBytes {
    pub(crate) bytes: Vec<u8>,
    /// How many transactions it has.
    pub(crate) transactions: u32,
}

impl PartBytes {
    /// What stands in the log of these requests.
    pub(crate) fn of(requests: &[Submitted]) -> Result<Self> {
        let mut part = Self::default();
        for Submitted { id, work } in requests {
            let Submission::Transactions(request) = work else { continue };
            let logged = request.logged.as_ref();
            let logged = logged.ok_or_else(|| Error::internal("a request has no bytes for the log"))?;
            let calls = request.len();
            let method = u64::from(logged.instance.number()) << 1 | u64::from(request.id_key().is_some());
            let numbers = [method, id.handle, id.number, calls as u64];
            numbers.iter().for_each(|number| write(*number, &mut part.bytes));
            write(logged.bytes.len() as u64, &mut part.bytes);
            part.bytes.extend_from_slice(&logged.bytes);
            if let Some(key) = request.id_key() {
                write(key.len() as u64, &mut part.bytes);
                part.bytes.extend_from_slice(key);
            }
            part.transactions += u32::try_from(calls).map_err(|_| Error::internal("a batch is too large"))?;
        }
        Ok(part)
    }
}

/// An epoch's bytes.
pub(crate) fn epoch<'p>(now: u64, parts: impl Iterator<Item = &'p PartBytes>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(now, &mut bytes);
    parts.for_each(|part| bytes.extend_from_slice(&part.bytes));
    bytes
}

/// A request as it stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoggedRequest<'b> {
    pub(crate) method: u64,
    pub(crate) first: TransactionId,
    pub(crate) calls: usize,
    pub(crate) bytes: &'b [u8],
    pub(crate) id: Option<&'b [u8]>,
}

/// The time of an epoch, and its requests in their order. They belong to this run.
///
/// # Errors
/// When the bytes are not an epoch.
pub(crate) fn requests(epoch: u64, mut bytes: &[u8], run: u64) -> Result<(u64, Vec<LoggedRequest<'_>>)> {
    let rest = &mut bytes;
    let mut next = || -> Option<(u64, Vec<LoggedRequest<'_>>)> {
        let (now, mut requests) = (read(rest)?, Vec::new());
        while !rest.is_empty() {
            let (method, handle, number) = (read(rest)?, read(rest)?, read(rest)?);
            let (calls, length) = (usize::try_from(read(rest)?).ok()?, usize::try_from(read(rest)?).ok()?);
            let bytes = rest.split_off(..length)?;
            let id = if method & 1 == 0 {
                None
            } else {
                let length = usize::try_from(read(rest)?).ok()?;
                Some(rest.split_off(..length)?)
            };
            let method = method >> 1;
            let first = TransactionId { run, handle, number };
            requests.push(LoggedRequest { method, first, calls, bytes, id });
        }
        Some((now, requests))
    };
    next().ok_or_else(|| {
        Error::storage(StorageFault::Release, format_args!(
            "epoch {epoch} of the log is sound, but not what this release writes; use the one that wrote it"
        ))
    })
}
