//! The dataflow that the compiler made of the shop: `cargo run --example graph -- text|dot|mermaid|json|html`.

#[allow(dead_code)] // only the program's shape is asked for here; nothing is called
#[path = "shop/entities.rs"]
mod entities;

use std::io::Write;
use std::process::ExitCode;

fn main() -> thalweg::Result<ExitCode> {
    let program = entities::app().graph()?;
    let picture = match std::env::args().nth(1).as_deref() {
        None | Some("text") => program.to_text(),
        Some("dot") => program.to_dot(),
        Some("mermaid") => program.to_mermaid(),
        Some("json") => program.to_json(),
        Some("html") => program.to_html(),
        Some(other) => {
            eprintln!("`{other}` is not a form of the graph; there are text, dot, mermaid, json and html");
            return Ok(ExitCode::FAILURE);
        }
    };
    std::io::stdout().write_all(picture.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
