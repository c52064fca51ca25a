//! The log as lines.
use crate::args::Dump;
use crate::output::{self, Output, Shown};
use crate::words::{count, line, time};
use serde_json::Value;
use std::collections::BTreeSet;
use thalweg::data_dir::{DataDir, LogRecord, LoggedCall, LoggedFailure, LoggedTransactions};

/// Shows the records of these epochs.
pub(crate) fn dump(data: &DataDir, Dump { from, to, .. }: &Dump, output: &mut Output) -> output::Result {
    let mut open = BTreeSet::new();
    for record in data.log()? {
        let record = record?;
        let shown = match &record {
            LogRecord::Epoch { epoch, .. } if epoch > to && open.is_empty() => break,
            LogRecord::Epoch { epoch, .. } => {
                let shown = (from..=to).contains(&epoch);
                if shown {
                    open.insert(*epoch);
                }
                shown
            }
            // What became of an epoch stands behind later ones.
            LogRecord::Outcome { epoch, .. } => {
                open.remove(epoch);
                (from..=to).contains(&epoch)
            }
            // It belongs to what comes behind it.
            LogRecord::Start { epoch, .. } => epoch <= to && *from <= epoch.saturating_add(1),
            LogRecord::Stop { epoch } => (from..=to).contains(&epoch),
            _ => true,
        };
        if shown {
            output.record(&record)?;
        }
    }
    Ok(())
}

impl Shown for LogRecord {
    fn text(&self) -> String {
        match self {
            Self::Start { epoch, app, release, run, workers } => {
                let workers = count(*workers, "worker");
                row("start", epoch, &format!("run {run} of {app}, {workers}, release {release}"))
            }
            Self::Epoch { epoch, now, requests } => epoch_text(*epoch, *now, requests),
            Self::Outcome { epoch, failures } if failures.is_empty() => {
                row("outcome", epoch, "nothing failed")
            }
            Self::Outcome { epoch, failures } => {
                let failed =
                    |LoggedFailure { transaction, what, .. }: &_| format!("{epoch}.{transaction} {what}");
                let failed: Vec<_> = failures.iter().map(failed).collect();
                row("outcome", epoch, &failed.join(", "))
            }
            Self::Stop { epoch } => row("stop", epoch, ""),
            _ => row("other", &"", "a record that this release has no words for"),
        }
    }
}

/// One line: what it is, where it stands, and the rest.
fn row(kind: &str, place: &dyn std::fmt::Display, rest: &str) -> String {
    let row = format!("{kind:<8} {:<8} {}", place.to_string(), line(rest));
    format!("{}\n", row.trim_end())
}

fn epoch_text(epoch: u64, now: u64, requests: &[LoggedTransactions]) -> String {
    let now = time(now);
    if requests.is_empty() {
        return row("epoch", &epoch, &format!("{now}  no transactions"));
    }
    let mut text = String::new();
    for LoggedTransactions { transaction, method, calls, request_id, .. } in requests {
        let id =
            request_id.as_ref().map_or_else(String::new, |id| format!("  id {}", Value::from(id.as_str())));
        let mut add = |place: u64, call: &str| {
            text += &row("call", &format_args!("{epoch}.{place}"), &format!("{now}  {call}{id}"));
        };
        match calls {
            Some(calls) => {
                for (call, place) in calls.iter().zip(*transaction..) {
                    add(place, &call_text(method, call));
                }
            }
            None => add(*transaction, &format!("{method}, with arguments that this release cannot read")),
        }
    }
    text
}

/// As in the program: `Account::at(1).deposit(30)`.
fn call_text(method: &str, LoggedCall { key, arguments, .. }: &LoggedCall) -> String {
    let arguments: Vec<_> = arguments.iter().map(Value::to_string).collect();
    let arguments = arguments.join(", ");
    // An instance of a generic method has its types behind its name.
    let (name, types) = method.split_once(" as ").unwrap_or((method, ""));
    let types = if types.is_empty() { String::new() } else { format!(" as {types}") };
    match name.split_once("::") {
        Some((entity, method)) => format!("{entity}::at({key}).{method}({arguments}){types}"),
        None => format!("{method} at {key} with ({arguments})"),
    }
}
