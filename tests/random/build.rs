//! Draws the programs and writes them as Rust for the test to include.
//!
//! `THALWEG_RANDOM_PROGRAMS` says how many (150), `THALWEG_RANDOM_SEED` the first seed (1). The seeds in `seeds.txt`
//! are always among them.
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

mod draw;

fn main() {
    for input in ["build.rs", "draw", "seeds.txt"] {
        println!("cargo::rerun-if-changed={input}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let (mut modules, mut list) = (String::new(), String::new());
    for seed in seeds() {
        let drawn = draw::program(seed);
        write_program(&out, seed, &drawn.source);
        let features: Vec<_> = drawn.features.into_iter().collect();
        let path = out.join(format!("drawn_{seed}.rs"));
        let _ = writeln!(modules, "#[path = {path:?}]\npub mod drawn_{seed};");
        let _ = writeln!(
            list,
            "    crate::Program {{ source: include_str!({path:?}), features: &{features:?}, \
             ..drawn_{seed}::PROGRAM }},"
        );
    }
    let all = draw::FEATURES;
    let index = format!(
        "{modules}\npub const PROGRAMS: &[crate::Program] = &[\n{list}];\n\
         pub const FEATURES: &[&str] = &{all:?};\n"
    );
    fs::write(out.join("programs.rs"), index).expect("OUT_DIR can be written");
}

fn write_program(out: &Path, seed: u64, source: &str) {
    fs::write(out.join(format!("drawn_{seed}.rs")), source).expect("OUT_DIR can be written");
}

fn seeds() -> BTreeSet<u64> {
    let number = |name: &str, default: u64| {
        println!("cargo::rerun-if-env-changed={name}");
        env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let (first, count) = (number("THALWEG_RANDOM_SEED", 1), number("THALWEG_RANDOM_PROGRAMS", 150));
    let kept = fs::read_to_string("seeds.txt").expect("seeds.txt can be read");
    let lines = kept.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let kept = lines.map(|line| line.split_whitespace().next().and_then(|seed| seed.parse().ok()));
    let kept = kept.map(|seed| seed.expect("a line of seeds.txt begins with a seed"));
    (first..first + count).chain(kept).collect()
}
