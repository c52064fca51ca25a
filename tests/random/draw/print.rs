//! Writes a program as a Rust module: the entities, the plain rendering, and the table of its roots.
use super::shape::{Class, Method, Param, Returns, Shape};
use super::two::Two;
use std::fmt::Write;

pub fn program(seed: u64, shape: &Shape, bodies: &[Two]) -> String {
    let mut out = format!("// The program drawn from seed {seed}.\n#![allow(warnings, clippy::all)]\n");
    let methods: Vec<_> = shape.methods().zip(bodies).collect();
    out += "\npub mod real {\nuse thalweg::prelude::*;\n";
    for (number, class) in shape.classes.iter().enumerate() {
        entity(&mut out, shape, number, class, &methods);
    }
    out += "}\n\npub mod plain {\nuse thalweg_random::judge::plain::{Row, Table, World};\n";
    for (number, class) in shape.classes.iter().enumerate() {
        plain(&mut out, shape, number, class, &methods);
    }
    world(&mut out, shape);
    out += "}\n\n";
    roots(&mut out, seed, shape);
    indented(&out)
}

/// The start of an entity, on both sides.
fn start(shape: &Shape, number: usize, class: &Class) -> (String, String) {
    let Class { link, list, .. } = class;
    let keys = shape.keys;
    let at = |of: &usize, key: &str| (format!("K{of}::at(({key}) % {keys})"), format!("({key}) % {keys}"));
    let (r, x, y) = (at(link, "id * 2 + 1"), at(list, "id + 1"), at(list, "id * 3"));
    let value = if class.auto { format!("id as i64 * 3 + {number}") } else { "a".to_owned() };
    let make = |name: &str, r: &str, x: &str, y: &str| {
        format!("{name} {{ id, a: {value}, b: {}, r: {r}, list: vec![{x}, {y}] }}", number + 1)
    };
    (make("Self", &r.0, &x.0, &y.0), make("Row", &r.1, &x.1, &y.1))
}

fn entity(out: &mut String, shape: &Shape, number: usize, class: &Class, methods: &[(&Method, &Two)]) {
    let auto = if class.auto { "(auto)" } else { "" };
    let Class { link, list, .. } = class;
    let _ = write!(
        out,
        "#[entity{auto}]\npub struct K{number} {{\n#[key]\nid: u64,\na: i64,\nb: i64,\nr: Ref<K{link}>,\n\
         list: Vec<Ref<K{list}>>,\n}}\n\n#[entity]\nimpl K{number} {{\n"
    );
    let (constructor, made) = (constructor(class), start(shape, number, class).0);
    let _ = writeln!(out, "pub fn {constructor} -> Self {{\n{made}\n}}");
    for (method, body) in methods.iter().filter(|(method, _)| method.class == number) {
        let mut params = vec![if method.writes { "&mut self" } else { "&self" }.to_owned()];
        params.extend(method.cuts.then(|| "fuel: i64".to_owned()));
        params.extend(named(method, |class| format!("Ref<K{class}>")));
        let word = if method.cuts { "async fn" } else { "fn" };
        let (name, params, ty) = (&method.name, params.join(", "), method.returns.ty());
        let _ = writeln!(out, "\npub {word} {name}({params}) -> {ty} {{\n{}}}", body.entity);
    }
    *out += "}\n\n";
}

fn constructor(class: &Class) -> &'static str {
    if class.auto { "new(id: u64)" } else { "open(id: u64, a: i64)" }
}

fn plain(out: &mut String, shape: &Shape, number: usize, class: &Class, methods: &[(&Method, &Two)]) {
    let made = start(shape, number, class).1;
    let _ = if class.auto {
        writeln!(out, "fn k{number}_new(id: u64) -> Row {{\n{made}\n}}\n")
    } else {
        writeln!(
            out,
            "pub fn k{number}_open(w: &World, id: u64, a: i64) {{\nw.k{number}.open(id, {made});\n}}\n"
        )
    };
    for (method, body) in methods.iter().filter(|(method, _)| method.class == number) {
        let mut params = vec!["w: &World".to_owned(), "me: u64".to_owned()];
        params.extend(method.cuts.then(|| "fuel: i64".to_owned()));
        params.extend(named(method, |_| "u64".to_owned()));
        let (name, params, ty) = (&method.name, params.join(", "), method.returns.ty());
        let _ = writeln!(
            out,
            "pub fn k{number}_{name}({params}) -> {ty} {{\nw.k{number}.enter(me);\n{}}}\n",
            body.plain
        );
    }
}

fn named(method: &Method, reference: impl Fn(usize) -> String) -> Vec<String> {
    let params = method.params.iter().enumerate().map(|(place, param)| {
        let ty = match param {
            Param::Number => "i64".to_owned(),
            Param::Ref(class) => reference(*class),
            Param::List(class) => format!("Vec<{}>", reference(*class)),
        };
        format!("{}: {ty}", param.name(place))
    });
    params.collect()
}

fn world(out: &mut String, shape: &Shape) {
    *out += "pub fn world() -> World {\nWorld {\n";
    for number in 0..3 {
        let fresh = match shape.classes.get(number) {
            Some(class) if class.auto => format!("Some(k{number}_new)"),
            _ => "None".to_owned(),
        };
        let _ = writeln!(out, "k{number}: Table::new(\"K{number}\", {fresh}),");
    }
    *out += "}\n}\n";
}

/// The calls that may come from outside, each on the three sides.
fn roots(out: &mut String, seed: u64, shape: &Shape) {
    let (mut names, mut calls, mut plain) = (String::new(), String::new(), String::new());
    let mut root = |name: String, kind: &str, entity: String, function: String, is_err: &str| {
        let number = names.lines().count();
        let _ = writeln!(
            names,
            "thalweg_random::judge::Root {{ name: \"{name}\", kind: thalweg_random::judge::Kind::{kind} }},"
        );
        let _ = writeln!(calls, "{number} => |q| {entity},");
        let _ = writeln!(
            plain,
            "{number} => thalweg_random::judge::plain::done({function}, |_output| {is_err}),"
        );
    };
    for (number, class) in shape.classes.iter().enumerate() {
        let at = format!("real::K{number}::at(q.key)");
        if !class.auto {
            let function = format!("plain::k{number}_open(w, q.key, q.number)");
            root(format!("K{number}::open"), "Open", format!("{at}.open(q.number)"), function, "false");
        }
        // Each root costs rustc's time: one class is enough for what every class has.
        for (name, kind) in [("exists", "Exists"), ("remove", "Remove")].into_iter().filter(|_| number == 0) {
            let function = format!("w.k{number}.{name}(q.key)");
            root(format!("K{number}::{name}"), kind, format!("{at}.{name}()"), function, "false");
        }
        for method in class.methods.iter().filter(|method| method.cuts || number == 0) {
            let (mut entity, mut function) = (Vec::new(), vec!["w".to_owned(), "q.key".to_owned()]);
            if method.cuts {
                entity.push("q.fuel".to_owned());
                function.push("q.fuel".to_owned());
            }
            for (place, param) in method.params.iter().enumerate() {
                let (real, plain) = match param {
                    Param::Number => ("q.number".to_owned(), "q.number".to_owned()),
                    Param::Ref(class) => {
                        (format!("real::K{class}::at(q.refs[{place}])"), format!("q.refs[{place}]"))
                    }
                    Param::List(class) => (
                        format!("q.list.iter().map(|key| real::K{class}::at(*key)).collect()"),
                        "q.list.clone()".to_owned(),
                    ),
                };
                entity.push(real);
                function.push(plain);
            }
            let call = format!("{at}.{}({})", method.name, entity.join(", "));
            let function = format!("plain::k{number}_{}({})", method.name, function.join(", "));
            let is_err = if method.returns == Returns::Result { "_output.is_err()" } else { "false" };
            root(
                format!("K{number}::{}", method.name),
                if method.cuts { "Calls" } else { "Leaf" },
                call,
                function,
                is_err,
            );
        }
    }
    let entities: String =
        (0..shape.classes.len()).map(|number| format!(".entity::<real::K{number}>()")).collect();
    let keys = shape.keys;
    let _ = write!(
        out,
        "pub const PROGRAM: thalweg_random::judge::Program = thalweg_random::judge::Program {{\nseed: {seed},\nkeys: {keys},\nroots: ROOTS,\n\
         app: || thalweg::prelude::App::new(\"drawn\"){entities},\nsubmit,\noracle,\n\
         plain: || thalweg_random::judge::plain::Plain {{ world: plain::world(), root: plain_root }},\n}};\n\n\
         pub const ROOTS: &[thalweg_random::judge::Root] = &[\n{names}];\n\nthalweg_random::sides! {{\n{calls}}}\n\n\
         fn plain_root(w: &thalweg_random::judge::plain::World, q: &thalweg_random::judge::Request) -> (String, bool) {{\nmatch q.root {{\n{plain}\
         _ => unreachable!(),\n}}\n}}\n"
    );
}

/// The text with its blocks indented.
fn indented(text: &str) -> String {
    let (mut out, mut level) = (String::new(), 0_usize);
    for line in text.lines() {
        let closes = line.starts_with(['}', ')', ']']);
        let depth = level - usize::from(closes && level > 0);
        let _ = writeln!(out, "{}{line}", if line.is_empty() { String::new() } else { "    ".repeat(depth) });
        let opened = line.matches(['{', '[', '(']).count();
        let closed = line.matches(['}', ']', ')']).count();
        level = (level + opened).saturating_sub(closed);
    }
    out
}
