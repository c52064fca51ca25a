//! What the grocer wants to know, for a terminal.

use crate::entities::Sales;
use crate::input::Label;
use crate::replay::{IN_FLIGHT, Timing};
use crate::totals::{Totals, top};
use std::collections::BTreeMap;

const TOP: usize = 5;

pub fn print(totals: &Totals, labels: &BTreeMap<u64, Label>, baskets: usize) {
    let Totals { all, households, stores, products, .. } = totals;
    println!("  {} baskets, {} lines", count(baskets as u64), count(all.lines));
    println!("  {} units for {}", count(all.units), dollars(all.cents));
    println!(
        "  {} households, {} stores, {} products",
        count(households.len() as u64),
        count(stores.len() as u64),
        count(products.len() as u64)
    );

    println!("\n  Top stores              Top households");
    let by_cents = |sales: &Sales| i128::from(sales.cents);
    for (store, household) in top(stores, TOP, by_cents).into_iter().zip(top(households, TOP, by_cents)) {
        let cell = |(id, sales): (u64, Sales)| format!("{id:>6} {:>12}", dollars(sales.cents));
        println!("  {:<24}{}", cell(store), cell(household));
    }

    println!("\n  {:<10}{:>12}{:>14}  What it is", "Product", "Revenue", "Units");
    for (id, sales) in top(products, TOP, by_cents) {
        let (department, kind) =
            labels.get(&id).map_or(("?", "?"), |label| (label.department.as_str(), label.kind.as_str()));
        println!("  {id:<10}{:>12}{:>14}  {department}: {kind}", dollars(sales.cents), count(sales.units));
    }

    println!("\n  {:<22}{:>14}{:>14}", "Department", "Revenue", "Units");
    for (department, sales) in top(&departments(products, labels), TOP + 3, by_cents) {
        println!("  {department:<22}{:>14}{:>14}", dollars(sales.cents), count(sales.units));
    }
}

pub fn print_timing(timing: &Timing, baskets: usize, all: Sales, workers: usize) {
    let seconds = timing.elapsed.as_secs_f64();
    let per_second = |n: u64| count((n as f64 / seconds) as u64);
    let calls = all.lines + 2 * baskets as u64; // every line, the store, and the household itself
    println!(
        "\n  {} baskets/s = {} calls/s, {workers} worker{}",
        per_second(baskets as u64),
        per_second(calls),
        if workers == 1 { "" } else { "s" }
    );
    let at = |quantile: f64| timing.latency.value_at_quantile(quantile) as f64 / 1e6;
    println!(
        "  latency p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, {IN_FLIGHT} in flight",
        at(0.5),
        at(0.99),
        at(0.999)
    );
}

fn departments(products: &BTreeMap<u64, Sales>, labels: &BTreeMap<u64, Label>) -> BTreeMap<String, Sales> {
    let mut sums: BTreeMap<String, Sales> = BTreeMap::new();
    for (id, sales) in products {
        let name = labels.get(id).map_or("(not listed)", |label| label.department.as_str());
        sums.entry(name.to_owned()).or_default().add(*sales);
    }
    sums
}

pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}${}.{:02}", count(cents / 100), cents % 100)
}
