//! Short words for hand-built entities.
use std::collections::BTreeSet;
use thalweg_graph::{
    Access, Block, CallFact, Callee, ComputedKey, End, Entity, Line, Method, Origin, Site, SiteKind, Variable,
};

pub fn entity(name: &str, methods: Vec<Method>) -> Entity {
    Entity {
        name: name.to_owned(),
        file: "src/test.rs".to_owned(),
        line: 1,
        key: variable("id", "u64"),
        partition: None,
        auto: false,
        methods,
    }
}

pub fn variable(name: &str, ty: &str) -> Variable {
    Variable { name: name.to_owned(), ty: ty.to_owned() }
}

/// A method whose parameters are written `name: Type`, with one block for each cut and one for the end.
pub fn method(name: &str, access: Access, params: &[&str], sites: Vec<Site>) -> Method {
    let mut blocks: Vec<_> =
        (0..sites.len()).map(|site| block(&[], &[], End::Call { site, next: site + 1 })).collect();
    blocks.push(block(&[], &[], End::Return));
    let params = params.iter().map(|param| {
        let (name, ty) = param.split_once(": ").unwrap_or((param, "u64"));
        variable(name, ty)
    });
    Method {
        name: name.to_owned(),
        line: 10,
        public: true,
        access,
        params: params.collect(),
        output: "()".to_owned(),
        blocks,
        sites,
        computed: vec![],
    }
}

pub fn read(name: &str, params: &[&str], sites: Vec<Site>) -> Method {
    method(name, Access::Read, params, sites)
}

pub fn write(name: &str, params: &[&str], sites: Vec<Site>) -> Method {
    method(name, Access::Write, params, sites)
}

pub fn block(lines: &[(u32, &str)], live: &[&str], end: End) -> Block {
    let lines = lines.iter().map(|(line, text)| Line { line: *line, text: (*text).to_owned() }).collect();
    Block { lines, live: names(live), end }
}

/// A site with one call, awaited.
pub fn site(line: u32, callee: &str, receiver: Origin, arguments: Vec<Origin>) -> Site {
    let (_, name) = callee.split_once("::").unwrap();
    let fact = CallFact { method: name.to_owned(), line, receiver, arguments };
    Site {
        line,
        kind: SiteKind::Await,
        text: format!("{name}(..)"),
        calls: vec![fact],
        live: vec![],
        used: true,
        callees: vec![to(callee)],
        varies: false,
    }
}

/// A site with several calls, joined.
pub fn join(parts: Vec<Site>) -> Site {
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap();
    all.kind = SiteKind::Join;
    for part in parts {
        all.calls.extend(part.calls);
        all.callees.extend(part.callees);
    }
    all
}

pub fn to(callee: &str) -> Callee {
    let (entity, method) = callee.split_once("::").unwrap();
    Callee { entity: entity.to_owned(), method: method.to_owned() }
}

pub fn itself() -> Origin {
    Origin::Known { itself: true, params: BTreeSet::new(), computed: BTreeSet::new(), presumed: false }
}

pub fn none() -> Origin {
    Origin::Known { itself: false, params: BTreeSet::new(), computed: BTreeSet::new(), presumed: false }
}

pub fn param(place: usize) -> Origin {
    Origin::Known {
        itself: false,
        params: BTreeSet::from([place]),
        computed: BTreeSet::new(),
        presumed: false,
    }
}

pub fn computed(number: usize) -> Origin {
    Origin::Known {
        itself: false,
        params: BTreeSet::new(),
        computed: BTreeSet::from([number]),
        presumed: false,
    }
}

/// A method with one computed key.
pub fn computing(method: Method, text: &str, arguments: bool) -> Method {
    Method {
        computed: vec![ComputedKey {
            line: 10,
            text: text.to_owned(),
            arguments,
            parameters: BTreeSet::new(),
            presumed: false,
        }],
        ..method
    }
}

pub fn unknown(line: u32, reason: &str) -> Origin {
    Origin::Unknown { reason: reason.to_owned(), line }
}

pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
