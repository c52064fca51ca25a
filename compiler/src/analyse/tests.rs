//! The stages of small methods, one for each way in which control goes; and what holds for every method.
//!
//! [`check`] pins the printed forms of all stages: the graph, the live variables, and the method that people see.
mod origins;
mod shapes;

use super::cfg::{BasicBlock, Cfg, Terminator};
use super::{MethodInput, lower, method, method_keyed, print, verify};
use crate::syntax::calls;
use petgraph::graph::NodeIndex;
use std::collections::BTreeSet;
use thalweg_graph::{Access, Method, Origin};

/// Hands a method of the entity `Account`, whose async methods are `audit` and `close`, to `stage`.
fn with<T>(source: &str, stage: impl FnOnce(MethodInput<'_>) -> T) -> T {
    let mut function: syn::ImplItemFn = syn::parse_str(source).expect("the source is a method");
    let is_async = function.sig.asyncness.is_some();
    let sites = if is_async { calls::number(&mut function.block) } else { Vec::new() };
    let self_methods = BTreeSet::from(["audit", "close"].map(str::to_owned));
    stage(MethodInput {
        name: function.sig.ident.to_string(),
        line: 1,
        public: true,
        access: Access::Write,
        sig: &function.sig,
        body: &function.block,
        sites: &sites,
        self_methods: &self_methods,
        entity_name: "Account".to_owned(),
    })
}

/// Analyses a method; the key is `id`.
fn analyse(source: &str) -> Method {
    with(source, |input| method_keyed(input, Some("id")))
}

/// The stages of a method, each of which must be well formed.
fn stages(source: &str) -> String {
    let cfg = with(source, |input| lower(&input));
    verify::cfg(&cfg).expect("the graph is well formed");
    let (blocks, live) = (print::cfg(&cfg), print::live(&cfg));
    let machine = print::machine(&analyse(source));
    format!("{source}\n\n— blocks\n{blocks}\n— live\n{live}\n— method\n{machine}")
}

/// What a mistake of `lower` would be found by.
#[test]
fn an_ill_formed_graph_is_found() {
    let source =
        "async fn pay(&mut self, to: Ref<Self>) { if self.open { to.take(1).await; } to.give(2).await }";
    let broken = |spoil: fn(&mut Cfg)| {
        let mut cfg = with(source, |input| lower(&input));
        verify::cfg(&cfg).expect("the graph is well formed");
        spoil(&mut cfg);
        verify::cfg(&cfg).expect_err("it is spoiled")
    };
    let call = |cfg: &Cfg| {
        let calls = |at: &NodeIndex| matches!(cfg.graph[*at].end, Terminator::Call(_));
        cfg.graph.node_indices().find(calls).expect("it makes calls")
    };
    assert!(broken(|cfg| _ = cfg.graph.add_node(BasicBlock::default())).contains("can be reached"));
    assert!(broken(|cfg| cfg.sites.truncate(1)).contains("not there or cut twice"));
    assert!(broken(|cfg| cfg.variables.clear()).contains("a variable that is not there"));
    let mut cfg = with(source, |input| lower(&input));
    let at = call(&cfg);
    cfg.graph[at].end = Terminator::Return;
    assert!(verify::cfg(&cfg).expect_err("it goes on").contains("ways for Return"));
}

macro_rules! check {
    ($name:literal, $source:literal) => {
        insta::assert_snapshot!($name, super::stages($source))
    };
}
use check;

/// A method of `calls` statements: with a call each, every third in a branch or a loop.
fn long(calls: usize) -> String {
    let mut body = String::from("let mut sum = 0;\n");
    for at in 0..calls {
        body += &match at % 3 {
            0 => format!("let v{at} = other.get({at}).await?;\nsum += v{at};\n"),
            1 => format!("if sum > {at} && other.has({at}).await {{ sum -= 1; }}\n"),
            _ => "for i in 0..3 { sum += other.get(i).await; if sum == 7 { continue; } }\n".to_owned(),
        };
    }
    format!("async fn long(&mut self, other: Ref<Account>) -> Result<u64, E> {{\n{body}Ok(sum)\n}}")
}

#[test]
fn the_graph_is_linear_in_the_body() {
    let measure = |calls| {
        let method = analyse(&long(calls));
        assert_eq!(method.sites.len(), calls);
        (method.blocks.len(), print::machine(&method).len())
    };
    let (few, some, many) = (measure(12), measure(120), measure(1200));
    assert!(some.0 <= few.0 * 10 && many.0 <= some.0 * 10, "{few:?} {some:?} {many:?}");
    assert!(some.1 <= few.1 * 11 && many.1 <= some.1 * 11, "{few:?} {some:?} {many:?}");
}

#[test]
fn text_is_linear_in_nested_calls() {
    let nested = |depth: usize| {
        let body = (0..depth).fold("x".to_owned(), |inner, at| format!("a.f({inner}, {at}).await"));
        analyse(&format!("async fn f(&self, a: Ref<A>, x: u64) {{ let r = {body}; r }}"))
    };
    let size = |depth| print::machine(&nested(depth)).len();
    assert!(size(64) < 9 * size(8), "{} {}", size(8), size(64));
    assert_eq!(nested(64).sites.len(), 64);
}

#[test]
fn the_same_body_gives_the_same_graph() {
    assert_eq!(analyse(&long(30)), analyse(&long(30)));
}

/// Bodies that rustc rejects, or that nobody writes, have a graph too.
#[test]
fn every_body_has_a_graph() {
    let bodies = [
        "",
        "break;",
        "continue 'out; a.f().await",
        "loop {}",
        "loop { break 'gone 1; }",
        "let x;",
        "let Some(x) = a.f().await else { panic!() }; x",
        "match a.f().await {}",
        "match x { _ if a.f().await => 1 }",
        "return return a.f().await?;",
        "while { a.f().await; false } { }",
        "(a.f().await, b) = (1, a.g().await);",
        "let f = async { a.f().await }; f.await",
        "let f = || x.await; let g = async move |y: u8| y.await;",
        "const N: usize = { fn f() { x.await } 1 }; [0; N].f().await",
        "let [a, .., b @ Some(_)] = x.f(..=1).await; self = a;",
        "'a: { if x { break 'a a.f().await } break 'a b }",
        "unsafe { a.f().await }; const { 1 }; try_join_all().await; join(1, 2).await; join_all(3).await",
        "m! { a.f().await; x }",
        "send.send(); a.send().await; self.send(); send()",
        "a.f().await = b.f().await; *a.f().await += 1; -a.f().await as u8; a.f().await..;",
        "let x = &raw mut y; yield a.f().await; x.0.1.await",
    ];
    for body in bodies {
        let source = format!("async fn f(&mut self, a: A, b: u8) -> u8 {{ {body} }}");
        stages(&source);
    }
}

#[test]
fn without_the_key_no_reference_is_known_to_be_the_entity_itself() {
    let method = with("async fn f(&self, a: A) { Self::at(self.id).g().await }", method);
    assert!(matches!(method.sites[0].calls[0].receiver, Origin::Unknown { .. }));
}
