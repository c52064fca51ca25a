//! Transfers between 100,000 accounts, by three subjects in turn in one run:
//! (a) a plain loop over std's `HashMap`, (b) a dataflow on timely written by hand, (c) the entity program.
//!
//! `cargo bench --bench transfer`; with `-- --quick` everything is small and only shows that it works, and with
//! `-- --case=5` only that case of [`CASES`] is run; with `--profile`, too, only (c) in batches, or
//! `--singly`. The figures are
//! medians of the rounds; the ratios are of one run and so comparable on a noisy machine. (c) is measured twice, with
//! requests submitted in batches and one at a time; the latter is given the first part of the input only. With several workers
//! it is measured in batches a third time, each worker a group of its own: what crosses is shipped as bytes.
#![allow(clippy::disallowed_methods)]
mod input;
mod plain;
mod timely;
mod entities;

use entities::Way;
use input::{Input, Kind, owner};

const CASES: [(usize, Kind); 6] = [
    (1, Kind::Uniform),
    (1, Kind::Zipf),
    (2, Kind::Uniform),
    (2, Kind::Zipf),
    (2, Kind::Crossing(0)),
    (2, Kind::Crossing(100)),
];

/// How much is done.
struct Size {
    accounts: u64,
    transfers: usize,
    /// One at a time.
    singly: usize,
    rounds: usize,
}

const FULL: Size = Size { accounts: 100_000, transfers: 2_000_000, singly: 500_000, rounds: 5 };
const QUICK: Size = Size { accounts: 1_000, transfers: 20_000, singly: 1_000, rounds: 1 };

/// The rates of a case, a subject each.
#[derive(Default)]
struct Rates([Vec<f64>; 5]);

fn main() -> thalweg::Result {
    let size = if std::env::args().any(|arg| arg == "--quick") { QUICK } else { FULL };
    timely::check();
    let case = std::env::args().find_map(|arg| arg.strip_prefix("--case=")?.parse::<usize>().ok());
    let profiled = std::env::args().any(|arg| arg == "--profile");
    let singly = std::env::args().any(|arg| arg == "--singly");
    let cases: Vec<(usize, Kind)> = match case {
        Some(case) => vec![CASES[case]],
        None => CASES.to_vec(),
    };
    // Each of (b) and (c) has its own placement, so what crosses between workers is drawn for each.
    let draw = |owner| {
        let input = |(workers, kind): &(usize, Kind)| {
            Input::new(*kind, size.transfers, size.accounts, *workers, owner)
        };
        cases.iter().map(input).collect::<Vec<_>>()
    };
    let inputs = draw(owner).into_iter().zip(draw(entities::owner)).collect::<Vec<_>>();
    let mut rates: Vec<Rates> = cases.iter().map(|_| Rates::default()).collect();
    for _ in 0..size.rounds {
        for (((workers, _), (input, own)), Rates([a, b, c, d, e])) in
            cases.iter().copied().zip(&inputs).zip(&mut rates)
        {
            if profiled {
                let way = if singly { Way::Singly } else { Way::Batches };
                c.push(entities::entities(workers, 1, own, way)?);
                continue;
            }
            a.push(plain::plain(input));
            b.push(timely::timely(workers, input));
            c.push(entities::entities(workers, 1, own, Way::Batches)?);
            d.push(entities::entities(workers, 1, &own.first(size.singly), Way::Singly)?);
            e.push(entities::entities(workers, workers, own, Way::Batches)?);
        }
    }
    println!(
        "{:<26} {:>7}  {:<14} {:>8} {:>8} {:>8}",
        "subject", "workers", "input", "M/s", "of (a)", "of (b)"
    );
    for ((workers, kind), Rates(of)) in cases.into_iter().zip(rates) {
        if profiled {
            println!("(c) entities: {:.3} M/s", median(of[2].clone()) / 1e6);
            continue;
        }
        let [a, b, c, d, e] = of.map(median);
        let names = [
            ("(a) plain HashMap", 1, a),
            ("(b) timely by hand", workers, b),
            ("(c) entities, batches", workers, c),
            ("(c) entities, singly", workers, d),
            ("(c) batches, each a group", workers, e),
        ];
        // One worker is one group.
        for (subject, workers, rate) in names.into_iter().take(if workers == 1 { 4 } else { 5 }) {
            let (kind, million) = (kind.name(), rate / 1e6);
            println!(
                "{subject:<26} {workers:>7}  {kind:<14} {million:>8.3} {:>8.4} {:>8.4}",
                rate / a,
                rate / b
            );
        }
    }
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
