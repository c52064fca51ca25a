//! The file of receipts: whether it has each basket once.

use crate::entities::{Receipt, Sales};
use crate::input::Line;
use std::collections::BTreeMap;
use std::path::Path;
use thalweg::Result;
use thalweg::sink::JsonLines;

/// Compares the receipts with what was bought.
pub fn verify(path: &Path, lines: &[Line]) -> Result<()> {
    let mut expected: BTreeMap<u64, (u64, Sales)> = BTreeMap::new();
    for line in lines {
        let (_, sales) = expected.entry(line.basket_id).or_insert((line.household_id, Sales::default()));
        sales.add(Sales::line(line.quantity, line.cents));
    }
    let baskets = expected.len();
    for event in JsonLines::read(path)? {
        let Receipt { basket, household, sales } = serde_json::from_str(&event?.body)?;
        if expected.remove(&basket) != Some((household, sales)) {
            return Err(format!(
                "{}: the receipt of basket {basket} is wrong, or comes twice",
                path.display()
            )
            .into());
        }
    }
    if let Some(basket) = expected.keys().next() {
        return Err(format!("{}: basket {basket} has no receipt", path.display()).into());
    }
    println!("  {baskets} receipts in {}, each once", path.display());
    Ok(())
}
