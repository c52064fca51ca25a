//! The HTML export: one page that holds the program, its looks, its style and its scripts.
//!
//! The page draws itself from the JSON form and from the call edges; both stand in it as data blocks, in which `<`
//! is escaped, so that no text of the program can end them.
use crate::looks::{Meaning, signature};
use crate::{Program, calls};
use std::fmt::Write;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const LAYOUT: &str = include_str!("html/layout.js");
const FLOW: &str = include_str!("html/flow.js");
const SCRIPT: &str = include_str!("html/page.js");

pub(crate) fn write(program: &Program) -> String {
    let signatures: Vec<_> = program.methods().map(|(_, method)| signature(method)).collect();
    let drawn = serde_json::json!({ "calls": calls(&program.entities), "signatures": signatures });
    let parts = [
        ("name", text(&program.name)),
        ("looks", looks()),
        ("style", STYLE.to_owned()),
        ("program", data(&program.to_json())),
        ("drawn", data(&drawn.to_string())),
        ("layout", LAYOUT.to_owned()),
        ("flow", FLOW.to_owned()),
        ("script", SCRIPT.to_owned()),
    ];
    fill(PAGE, &parts)
}

/// Puts each part at its `{{name}}`, in one pass, so that nothing inside a part is taken for a place.
fn fill(page: &str, parts: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("the page closes its places");
        let (_, part) =
            parts.iter().find(|(known, _)| *known == name).expect("the page names only these parts");
        out.push_str(before);
        out.push_str(part.trim_end());
        rest = after;
    }
    out + rest
}

/// The table of looks as style variables, for light and for dark.
fn looks() -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    for look in Meaning::ALL.map(Meaning::look) {
        write!(light, "--{}:{};", look.word, look.light).expect("a string takes all");
        write!(dark, "--{}:{};", look.word, look.dark).expect("a string takes all");
    }
    format!(":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}")
}

/// JSON that is safe inside a script element: `<` can stand only in strings, where its escape means the same.
fn data(json: &str) -> String {
    json.replace('<', "\\u003c")
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
