//! redb: a table from accounts to balances.
use super::OPENING;
use crate::BATCH;
use crate::input::Input;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition};
use std::path::Path;
use std::time::Instant;

const ACCOUNTS: TableDefinition<'_, u64, i64> = TableDefinition::new("accounts");

/// Transfers per second.
pub fn rate(folder: &Path, input: &Input) -> thalweg::Result<f64> {
    let bank = Database::create(folder.join("bank.redb"))?;
    let opening = bank.begin_write()?;
    {
        let mut accounts = opening.open_table(ACCOUNTS)?;
        for id in 0..input.accounts {
            accounts.insert(id, OPENING)?;
        }
    }
    opening.commit()?;
    let (start, mut done) = (Instant::now(), 0);
    for batch in input.transfers.chunks(BATCH) {
        let mut commit = bank.begin_write()?;
        commit.set_durability(Durability::Immediate)?;
        {
            let mut accounts = commit.open_table(ACCOUNTS)?;
            for (from, to) in batch {
                done += usize::from(transfer(&mut accounts, *from, *to)?);
            }
        }
        commit.commit()?;
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    let mut money = 0;
    for account in bank.begin_read()?.open_table(ACCOUNTS)?.iter()? {
        money += account?.1.value();
    }
    assert_eq!((done, money), (input.transfers.len(), input.sum()));
    Ok(rate)
}

fn transfer(accounts: &mut Table<'_, u64, i64>, from: u64, to: u64) -> Result<bool, redb::StorageError> {
    let balance = |accounts: &Table<'_, u64, i64>, id| {
        Ok::<_, redb::StorageError>(accounts.get(id)?.map_or(0, |balance| balance.value()))
    };
    let sender = balance(accounts, from)?;
    if sender < 1 {
        return Ok(false);
    }
    accounts.insert(from, sender - 1)?;
    let receiver = balance(accounts, to)?;
    accounts.insert(to, receiver + 1)?;
    Ok(true)
}
