//! SQLite: a row for each account.
use super::OPENING;
use crate::BATCH;
use crate::input::Input;
use rusqlite::{Connection, Statement, params};
use std::path::Path;
use std::time::Instant;

/// Transfers per second.
pub fn rate(folder: &Path, input: &Input) -> thalweg::Result<f64> {
    let connection = Connection::open(folder.join("bank.sqlite"))?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table account (id integer primary key, balance integer not null);",
    )?;
    connection.execute_batch("begin")?;
    let mut open = connection.prepare("insert into account values (?1, ?2)")?;
    for id in 0..input.accounts {
        open.execute(params![id as i64, OPENING])?;
    }
    connection.execute_batch("commit")?;
    let mut begin = connection.prepare("begin immediate")?;
    let mut commit = connection.prepare("commit")?;
    let mut balance = connection.prepare("select balance from account where id = ?1")?;
    let mut add = connection.prepare("update account set balance = balance + ?2 where id = ?1")?;
    let (start, mut done) = (Instant::now(), 0);
    for batch in input.transfers.chunks(BATCH) {
        begin.execute([])?;
        for (from, to) in batch {
            done += usize::from(transfer(&mut balance, &mut add, *from as i64, *to as i64)?);
        }
        commit.execute([])?;
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    let money: i64 = connection.query_row("select sum(balance) from account", [], |row| row.get(0))?;
    assert_eq!((done, money), (input.transfers.len(), input.sum()));
    Ok(rate)
}

fn transfer(
    balance: &mut Statement<'_>,
    add: &mut Statement<'_>,
    from: i64,
    to: i64,
) -> rusqlite::Result<bool> {
    if balance.query_row([from], |row| row.get::<_, i64>(0))? < 1 {
        return Ok(false);
    }
    Ok(add.execute(params![from, -1])? + add.execute(params![to, 1])? == 2)
}
