//! Well-known workloads for systems of this kind, written as plain entities, under one load generator.
//!
//! `cargo run --release --example workloads -- <workload> [options]`; `--help` lists both. After every run the
//! entities are compared with a book that was kept beside them; the program fails if one differs.

mod workload;
mod draw;
mod answers;
mod ycsb;
mod smallbank;
mod hotel;
mod movie;
mod tpcc;
mod options;
mod load;
mod meter;
mod report;
mod ceiling;

use clap::Parser;
use load::Pace;
use options::Options;
use report::Report;
use std::process::ExitCode;
use thalweg::Result;
use thalweg::prelude::*;
use workload::Workload;

type Make = fn(&Options) -> Result<Box<dyn Workload>>;

/// Every workload by its name. To add one: a line here, its module above.
const WORKLOADS: &[(&str, Make)] = &[
    ("ycsb", |o| Ok(Box::new(ycsb::Ycsb::new(o.scale_or(ycsb::ACCOUNTS), ycsb::OPENING, o.theta, o.seed)?))),
    ("smallbank", |o| {
        let customers = o.scale_or(smallbank::CUSTOMERS);
        Ok(Box::new(smallbank::Smallbank::new(customers, o.hot_percent, o.multi, o.seed)?))
    }),
    ("hotel", |o| {
        Ok(Box::new(hotel::Travel::new(o.scale_or(hotel::HOTELS), o.capacity, o.only_reserve, o.seed)))
    }),
    ("tpcc", |o| Ok(Box::new(tpcc::Tpcc::new(warehouses(o)?, o.seed)))),
    ("tpcc-51-49", |o| Ok(Box::new(tpcc::Tpcc::two_kinds(warehouses(o)?, o.seed)))),
    ("movie", |o| Ok(Box::new(movie::Reviews::new(o.scale_or(movie::TITLES), o.seed)))),
];

fn warehouses(options: &Options) -> Result<tpcc::scale::Scale> {
    Ok(tpcc::scale::Scale::full(u32::try_from(options.scale_or(1))?))
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("workloads: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all invariants hold.
fn run(options: &Options) -> Result<bool> {
    let chosen = |name: &str| options.workload == options::ALL || options.workload == name;
    if !options.json {
        report::print_head(options);
    }
    let mut holds = true;
    for (_, make) in WORKLOADS.iter().filter(|(name, _)| chosen(name)) {
        let mut workload = make(options)?;
        let app = workload.register(App::new(workload.name())).workers(options.workers).start()?;
        workload::wait(workload.load(&app)?)?;
        let broken = measure(workload.as_mut(), &app, options)?;
        app.stop()?;
        if let Some(error) = broken {
            eprintln!("WRONG: {}: {error}", workload.name());
            holds = false;
        }
    }
    Ok(holds)
}

/// Loads the app as the options say, reports, and returns what is wrong in the entities afterwards.
fn measure(workload: &mut dyn Workload, app: &Handle, options: &Options) -> Result<Option<String>> {
    let show = |report: &Report| report.print(options.json);
    if options.ceiling {
        let found = ceiling::search(workload, app, options, show)?;
        let broken = workload.check(app).err().map(|error| error.to_string());
        report::print_ceiling(workload.name(), found, broken.is_none(), options.json);
        return Ok(broken);
    }
    let pace = options.rate.map_or(Pace::Closed { in_flight: options.in_flight }, |rate| Pace::Open { rate });
    let measured = load::run(workload, app, &options.plan(pace))?;
    let broken = workload.check(app).err().map(|error| error.to_string());
    show(&Report::new(workload.name(), options, pace, &measured, Some(broken.is_none())))?;
    Ok(broken)
}
