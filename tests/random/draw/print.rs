//! Writes a program as a Rust module: the entities, the plain rendering, and the table of its roots.
use super::generic;
use super::shape::{Class, Method, Param, Returns, Shape};
use super::two::Two;
use std::fmt::Write;

pub fn program(seed: u64, shape: &Shape, bodies: &[Two]) -> String {
    let mut out = format!("// The program drawn from seed {seed}.\n#![allow(warnings, clippy::all)]\n");
    let methods: Vec<_> = shape.methods().zip(bodies).collect();
    out += "\npub mod real {\nuse std::fmt::Write as _;\nuse thalweg::prelude::*;\n\
            use thalweg::serde::{Serialize, de::DeserializeOwned};\nuse thalweg_random::judge::plain::Mark;\n";
    let pokes = shape.poked.map(generic::pokes).unwrap_or_default();
    out += &pokes.entity;
    for (number, class) in shape.classes.iter().enumerate() {
        entity(&mut out, shape, number, class, &methods);
    }
    out += "}\n\npub mod plain {\nuse std::fmt::Write as _;\n\
            use thalweg_random::judge::plain::{Mark, Row, Table, World};\n";
    out += &pokes.plain;
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
        format!(
            "{name} {{ id, a: {value}, b: {}, r: {r}, list: vec![{x}, {y}], \
             name: \"0\".to_owned(), o: None, v: vec![1, 2, 3], arr: [3, 2, 1], kind: Mark::Low }}",
            number + 1
        )
    };
    (make("Self", &r.0, &x.0, &y.0), make("Row", &r.1, &x.1, &y.1))
}

fn entity(out: &mut String, shape: &Shape, number: usize, class: &Class, methods: &[(&Method, &Two)]) {
    let auto = if class.auto { "(auto)" } else { "" };
    let Class { link, list, .. } = class;
    let _ = write!(
        out,
        "#[entity{auto}]\npub struct K{number} {{\n#[key]\nid: u64,\na: i64,\nb: i64,\nr: Ref<K{link}>,\n\
         list: Vec<Ref<K{list}>>,\nname: String,\no: Option<i64>,\nv: Vec<i64>,\narr: [i64; 3],\nkind: Mark,\n}}\n\n#[entity]\nimpl K{number} {{\n"
    );
    let (constructor, made) = (constructor(class), start(shape, number, class).0);
    let _ = writeln!(out, "pub fn {constructor} -> Self {{\n{made}\n}}");
    for (method, body) in methods.iter().filter(|(method, _)| method.class == number) {
        let mut params = vec![if method.writes { "&mut self" } else { "&self" }.to_owned()];
        params.extend(method.cuts.then(|| "fuel: i64".to_owned()));
        params.extend(named(method, |class| format!("Ref<K{class}>")));
        let word = if method.cuts { "async fn" } else { "fn" };
        let (name, params, ty) = (&method.name, params.join(", "), method.returns.ty());
        let generic = generic::type_parameter(method).0;
        let _ = writeln!(out, "\npub {word} {name}{generic}({params}) -> {ty} {{\n{}}}", body.entity);
    }
    *out += "}\n\n";
}

fn constructor(class: &Class) -> &'static str {
    if class.auto { "new(id: u64)" } else { "open(id: u64, a: i64)" }
}

fn plain(out: &mut String, shape: &Shape, number: usize, class: &Class, methods: &[(&Method, &Two)]) {
    let made = start(shape, number, class).1;
    let _ = if class.auto {
        writeln!(out, "fn k{number}_made(id: u64) -> Row {{\n{made}\n}}\n")
    } else {
        writeln!(
            out,
            "fn k{number}_made(id: u64, a: i64) -> Row {{\n{made}\n}}\n\n\
             pub fn k{number}_open(w: &World, id: u64, a: i64) {{\nw.k{number}.open(id, k{number}_made(id, a));\n}}\n"
        )
    };
    for (method, body) in methods.iter().filter(|(method, _)| method.class == number) {
        let mut params = vec!["w: &World".to_owned(), "me: u64".to_owned()];
        params.extend(method.cuts.then(|| "fuel: i64".to_owned()));
        params.extend(named(method, |_| "u64".to_owned()));
        let generic = generic::type_parameter(method).1;
        function(out, method, &format!("{generic}({})", params.join(", ")), &body.plain);
    }
}

/// What a method is in plain Rust. Its key is what it was when it ends. A method without calls is also a function of
/// its class, and as such neither begins nor ends a call.
fn function(out: &mut String, method: &Method, signature: &str, body: &str) {
    let Method { class, name, writes, cuts, params, .. } = method;
    let (ty, enter) = (method.returns.ty(), format!("w.k{class}.enter(me);\n"));
    let leave = if *writes { format!("w.k{class}.leave(me);\n") } else { String::new() };
    let _ = if *cuts && *writes {
        writeln!(
            out,
            "pub fn k{class}_{name}{signature} -> {ty} {{\n{enter}let output = (move || -> {ty} {{\n{body}}})();\n\
             {leave}output\n}}\n"
        )
    } else if *cuts {
        writeln!(out, "pub fn k{class}_{name}{signature} -> {ty} {{\n{enter}{body}}}\n")
    } else {
        let names: Vec<_> = params.iter().enumerate().map(|(place, param)| param.name(place)).collect();
        let arguments =
            ["w".to_owned(), "me".to_owned()].into_iter().chain(names).collect::<Vec<_>>().join(", ");
        writeln!(
            out,
            "pub fn k{class}_{name}{signature} -> {ty} {{\n{enter}let output = k{class}_{name}_own({arguments});\n\
             {leave}output\n}}\n\nfn k{class}_{name}_own{signature} -> {ty} {{\n{body}}}\n"
        )
    };
}

fn named(method: &Method, reference: impl Fn(usize) -> String) -> Vec<String> {
    let params = method.params.iter().enumerate().map(|(place, param)| {
        let ty = match param {
            Param::Number => "i64".to_owned(),
            Param::Ref(class) => reference(*class),
            Param::List(class) => format!("Vec<{}>", reference(*class)),
            Param::Given | Param::Poke(_) => "T".to_owned(),
        };
        format!("{}: {ty}", param.name(place))
    });
    params.collect()
}

fn world(out: &mut String, shape: &Shape) {
    *out += "pub fn world() -> World {\nWorld {\n";
    for number in 0..3 {
        let fresh = match shape.classes.get(number) {
            Some(class) if class.auto => format!("Some(k{number}_made)"),
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
            for argument in instances(method).iter().copied() {
                let (entity, function) = arguments(method, argument);
                let call = format!("{at}.{}({})", method.name, entity.join(", "));
                let function = format!("plain::k{number}_{}({})", method.name, function.join(", "));
                let is_err = argument.is_some_and(|given| given.contains("Err"));
                let is_err = is_err || method.returns == Returns::Result;
                let is_err = if is_err { "_output.is_err()" } else { "false" };
                let kind = if method.cuts { "Calls" } else { "Leaf" };
                root(format!("K{number}::{}", method.name), kind, call, function, is_err);
            }
        }
    }
    let entities: String =
        (0..shape.classes.len()).map(|number| format!(".entity::<real::K{number}>()")).collect();
    let keys = shape.keys;
    let _ = write!(
        out,
        "pub const PROGRAM: thalweg_random::judge::Program = thalweg_random::judge::Program {{\nseed: {seed},\nkeys: {keys},\nroots: ROOTS,\n\
         app: || thalweg::prelude::App::new(\"drawn\"){entities},\nsubmit,\noracle,\n\
         plain: || thalweg_random::judge::plain::Plain {{ world: plain::world(), root: plain_root, events: Vec::new() }},\n}};\n\n\
         pub const ROOTS: &[thalweg_random::judge::Root] = &[\n{names}];\n\nthalweg_random::sides! {{\n{calls}}}\n\n\
         fn plain_root(w: &thalweg_random::judge::plain::World, q: &thalweg_random::judge::Request) -> (String, bool) {{\nmatch q.root {{\n{plain}\
         _ => unreachable!(),\n}}\n}}\n"
    );
}

/// What a generic method is called with from outside; nothing, once, for one that is not generic.
fn instances(method: &Method) -> &'static [Option<&'static str>] {
    const ERR: &str = "if q.number % 2 == 0 { Err::<i64, i64>(q.number) } else { Ok(q.number) }";
    let has = |wanted: fn(&Param) -> bool| method.params.iter().any(wanted);
    if has(|param| *param == Param::Given) {
        &[Some(ERR), Some("Some(q.number)")]
    } else if has(|param| matches!(param, Param::Poke(_))) {
        &[Some("Quiet"), Some("Loud")]
    } else {
        &[None]
    }
}

/// The arguments of a root, on both sides.
fn arguments(method: &Method, given: Option<&str>) -> (Vec<String>, Vec<String>) {
    let fuel = method.cuts.then(|| "q.fuel".to_owned());
    let mut entity: Vec<_> = fuel.iter().cloned().collect();
    let mut plain: Vec<_> = ["w".to_owned(), "q.key".to_owned()].into_iter().chain(fuel).collect();
    for (place, param) in method.params.iter().enumerate() {
        let given = given.unwrap_or_default();
        let (real, function) = match param {
            Param::Number => ("q.number".to_owned(), "q.number".to_owned()),
            Param::Ref(class) => (format!("real::K{class}::at(q.refs[{place}])"), format!("q.refs[{place}]")),
            Param::List(class) => (
                format!("q.list.iter().map(|key| real::K{class}::at(*key)).collect()"),
                "q.list.clone()".to_owned(),
            ),
            Param::Given => (given.to_owned(), given.to_owned()),
            Param::Poke(class) => {
                let number = if given == "Loud" { ", q.number" } else { "" };
                let at = format!("real::K{class}::at(q.refs[{place}])");
                (format!("real::{given}({at}{number})"), format!("plain::{given}(q.refs[{place}]{number})"))
            }
        };
        entity.push(real);
        plain.push(function);
    }
    (entity, plain)
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
