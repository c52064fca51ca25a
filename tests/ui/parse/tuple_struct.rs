//! Fields need names.
use thalweg::prelude::*;

#[entity]
pub struct Account(#[key] u64, i64);

fn main() {}
