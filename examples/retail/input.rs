//! The files of the grocer, see `data/README.md`.

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use thalweg::Result;

/// A line of `baskets.csv.gz`: one product on one receipt.
#[derive(Deserialize)]
pub struct Line {
    pub basket_id: u64,
    pub household_id: u64,
    pub store_id: u64,
    pub product_id: u64,
    pub quantity: u64,
    pub cents: i64,
}

#[derive(Deserialize)]
struct Product {
    product_id: u64,
    department: String,
    product_type: String,
}

/// What the grocer calls a product.
pub struct Label {
    pub department: String,
    pub kind: String,
}

/// All lines, in the order of the receipts; the lines of one basket stand together.
pub fn lines() -> Result<Vec<Line>> {
    read("baskets.csv.gz")
}

pub fn labels() -> Result<BTreeMap<u64, Label>> {
    let products: Vec<Product> = read("products.csv.gz")?;
    let label = |p: Product| (p.product_id, Label { department: p.department, kind: p.product_type });
    Ok(products.into_iter().map(label).collect())
}

fn read<T: DeserializeOwned>(name: &str) -> Result<Vec<T>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/retail/data").join(name);
    let file = File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let rows: csv::Result<Vec<T>> =
        csv::Reader::from_reader(GzDecoder::new(file)).into_deserialize().collect();
    Ok(rows.map_err(|e| format!("{}: {e}", path.display()))?)
}
