//! The tool `thalweg`: what is in the data directory of an app, whether it is whole, and what can be done about it.
//!
//! It never needs the program whose directory it is. Everything is done by `thalweg::data_dir`; here are the words.
mod args;
mod words;
mod output;
mod inspect;
mod verify;
mod dump;
mod moves;

use args::{Arguments, Command, Directory, Log};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::of_process();
    let directory = command.directory();
    let mut output = Output::new(directory.json);
    let done = run(&command, directory, &mut output);
    output.end(done).into()
}

fn run(command: &Command, directory: &Directory, output: &mut Output) -> output::Result {
    let data = directory.open();
    match command {
        Command::Inspect(_) => output.show(&data.inspect()?),
        Command::Verify(_) => output.show(&verify::Verdict::of(data.verify()?)),
        Command::Log(Log::Dump(dump)) => dump::dump(&data, dump, output),
        Command::Log(Log::Skip(skip)) => output.show(&moves::skip(&data, skip)?),
        Command::Export(moved) => output.show(&moves::export(&data, &moved.url)?),
        Command::Import(moved) => output.show(&moves::import(&data, &moved.url)?),
    }
}
