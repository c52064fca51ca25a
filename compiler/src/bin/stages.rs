//! Prints any stage of any source file: `thalweg-stages cfg|live|machine|rust FILE`.
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [stage, path] = arguments.as_slice() else {
        eprintln!("usage: thalweg-stages cfg|live|machine|rust FILE");
        return ExitCode::from(2);
    };
    let printed =
        std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}")).and_then(|source| {
            thalweg_compiler::print(stage, &source).map_err(|error| format!("{path}: {error}"))
        });
    match printed {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
