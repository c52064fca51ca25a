//! The same totals by two ways: added up straight from the file, and asked of the entities.

use crate::entities::{Household, Product, Sales, Store};
use crate::input::Line;
use std::collections::{BTreeMap, BTreeSet};
use thalweg::{Error, Handle, Reply};

#[derive(Default)]
pub struct Totals {
    pub all: Sales,
    pub households: BTreeMap<u64, Sales>,
    pub stores: BTreeMap<u64, Sales>,
    pub products: BTreeMap<u64, Sales>,
    /// How many products each household has bought.
    pub varieties: BTreeMap<u64, usize>,
}

impl Totals {
    /// Plain sums, without any entity.
    pub fn of_file(lines: &[Line]) -> Self {
        let mut totals = Self::default();
        let bought: BTreeSet<_> = lines.iter().map(|line| (line.household_id, line.product_id)).collect();
        bought.into_iter().for_each(|(household, _)| *totals.varieties.entry(household).or_default() += 1);
        for line in lines {
            let groups = [
                &mut totals.all,
                totals.households.entry(line.household_id).or_default(),
                totals.stores.entry(line.store_id).or_default(),
                totals.products.entry(line.product_id).or_default(),
            ];
            for sum in groups {
                sum.lines += 1;
                sum.units += line.quantity;
                sum.cents += line.cents;
            }
        }
        totals
    }

    /// What the entities named in `like` answer; the overall sum is that of the stores.
    pub fn of_entities(app: &Handle, like: &Self) -> Result<Self, Error> {
        let households = ask(like.households.keys(), |id| app.submit_waiting(Household::at(id).bought()))?;
        let stores = ask(like.stores.keys(), |id| app.submit_waiting(Store::at(id).sold()))?;
        let varieties = ask(like.varieties.keys(), |id| app.submit_waiting(Household::at(id).variety()))?;
        let products = ask(like.products.keys(), |id| app.submit_waiting(Product::at(id).sold()))?;
        let mut all = Sales::default();
        stores.values().for_each(|sales| all.add(*sales));
        Ok(Self { all, households, stores, products, varieties })
    }

    pub fn count(&self) -> usize {
        1 + self.households.len() + self.stores.len() + self.products.len() + self.varieties.len()
    }

    /// A sentence for every total that is not the same in `file`.
    pub fn differences(&self, file: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.all != file.all {
            found.push(format!("overall: entities say {:?}, the file says {:?}", self.all, file.all));
        }
        let groups = [
            ("household", &self.households, &file.households),
            ("store", &self.stores, &file.stores),
            ("product", &self.products, &file.products),
        ];
        for (what, entities, file) in groups {
            for (id, right) in file {
                let said = entities.get(id);
                if said != Some(right) {
                    found.push(format!("{what} {id}: the entity says {said:?}, the file says {right:?}"));
                }
            }
        }
        for (id, right) in &file.varieties {
            let said = self.varieties.get(id);
            if said != Some(right) {
                found.push(format!("household {id}: it says {said:?} products, the file says {right:?}"));
            }
        }
        found
    }
}

/// Sends all questions first and then collects the answers.
fn ask<'a, T>(
    ids: impl Iterator<Item = &'a u64>,
    question: impl Fn(u64) -> Result<Reply<T>, Error>,
) -> Result<BTreeMap<u64, T>, Error> {
    let asked: Vec<_> = ids.map(|id| Ok((*id, question(*id)?))).collect::<Result<_, Error>>()?;
    asked.into_iter().map(|(id, reply)| Ok((id, reply.wait()?))).collect()
}

/// The `n` largest by `measure`, largest first.
pub fn top<K: Clone>(
    group: &BTreeMap<K, Sales>,
    n: usize,
    measure: impl Fn(&Sales) -> i128,
) -> Vec<(K, Sales)> {
    let mut all: Vec<_> = group.iter().map(|(id, sales)| (id.clone(), *sales)).collect();
    all.sort_by_key(|(_, sales)| -measure(sales));
    all.truncate(n);
    all
}
