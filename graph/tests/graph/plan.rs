//! The rules of access plans, one a test: a method `A::root` and the plan it must have.
use crate::build::*;
use thalweg_graph::{AccessPlan, Entity, Method, Origin, Site, SiteKind, Source, link};

/// Checks the plan of `A::root`; an entry is written `access Entity source`, a reason `file:line text`.
fn check(root: Method, others: Vec<Entity>, expect: &[&str]) {
    let mut a = vec![root];
    let mut entities = others;
    if let Some(at) = entities.iter().position(|entity| entity.name == "A") {
        a.extend(entities.remove(at).methods);
    }
    entities.push(entity("A", a));
    let program = link("test", entities).unwrap();
    assert_eq!(shown(program.plan_of("A", "root").unwrap()), expect);
}

fn shown(plan: &AccessPlan) -> Vec<String> {
    match plan {
        AccessPlan::Static(entries) => entries
            .iter()
            .map(|entry| match &entry.source {
                Source::Itself => format!("{:?} {} itself", entry.access, entry.entity),
                Source::Parameter(place) => format!("{:?} {} {place}", entry.access, entry.entity),
                Source::Computed { method, number, parameter, text } => {
                    let of = parameter.map_or("itself".to_owned(), |place| place.to_string());
                    format!("{:?} {} {text}, {number} of {method} at {of}", entry.access, entry.entity)
                }
            })
            .collect(),
        AccessPlan::Dynamic(reasons) => {
            reasons.iter().map(|reason| format!("{}:{} {}", reason.file, reason.line, reason.text)).collect()
        }
    }
}

fn b(methods: Vec<Method>) -> Vec<Entity> {
    vec![entity("B", methods)]
}

/// `B::set(&mut self)`.
fn set() -> Method {
    write("set", &[], vec![])
}

/// `B::via(&self, c: Ref<B>)`, which writes `c`.
fn via() -> Method {
    read("via", &["c"], vec![site(20, "B::set", param(0), vec![])])
}

#[test]
fn own_access() {
    check(read("root", &[], vec![]), vec![], &["Read A itself"]);
    check(write("root", &[], vec![]), vec![], &["Write A itself"]);
}

#[test]
fn receiver_is_a_parameter() {
    let root = read("root", &["n", "b"], vec![site(11, "B::set", param(1), vec![])]);
    check(root, b(vec![set()]), &["Read A itself", "Write B 1"]);
}

#[test]
fn receiver_is_an_element_of_a_parameter() {
    let call = join(vec![site(11, "B::set", param(0), vec![])]);
    check(read("root", &["bs: Vec<Ref<B>>"], vec![call]), b(vec![set()]), &["Read A itself", "Write B 0"]);
}

#[test]
fn receiver_is_one_of_several() {
    let either = Origin::Known { itself: true, params: [0, 1].into(), computed: [].into(), presumed: false };
    let root = read("root", &["x", "y"], vec![site(11, "A::g", either, vec![])]);
    let others = vec![entity("A", vec![write("g", &[], vec![])])];
    check(root, others, &["Write A itself", "Write A 0", "Write A 1"]);
}

#[test]
fn the_entity_itself_is_not_of_another_class() {
    let either = Origin::Known { itself: true, params: [0].into(), computed: [].into(), presumed: false };
    let root = read("root", &["b"], vec![site(11, "B::set", either, vec![])]);
    check(root, b(vec![set()]), &["Read A itself", "Write B 0"]);
}

#[test]
fn static_through_a_callee() {
    let root = read("root", &["b", "c"], vec![site(11, "B::via", param(0), vec![param(1)])]);
    check(root, b(vec![set(), via()]), &["Read A itself", "Read B 0", "Write B 1"]);
}

#[test]
fn static_through_two_callees() {
    let g = read("g", &["x", "y"], vec![site(15, "B::via", param(1), vec![param(0)])]);
    let root = read("root", &["b", "c"], vec![site(11, "A::g", itself(), vec![param(1), param(0)])]);
    let others = vec![entity("A", vec![g]), entity("B", vec![set(), via()])];
    check(root, others, &["Read A itself", "Read B 0", "Write B 1"]);
}

#[test]
fn the_entity_itself_is_passed_on() {
    let call_back = read("call_back", &["a"], vec![site(20, "A::put", param(0), vec![])]);
    let root = read("root", &["b"], vec![site(11, "B::call_back", param(0), vec![itself()])]);
    let others = vec![entity("A", vec![write("put", &[], vec![])]), entity("B", vec![call_back])];
    check(root, others, &["Write A itself", "Read B 0"]);
}

#[test]
fn strongest_access_wins() {
    let calls = vec![
        site(11, "B::get", param(0), vec![]),
        site(12, "B::set", param(0), vec![]),
        site(13, "B::get", param(0), vec![]),
    ];
    let root = read("root", &["b"], calls);
    check(root, b(vec![set(), read("get", &[], vec![])]), &["Read A itself", "Write B 0"]);
}

#[test]
fn a_key_is_computed_at_the_root() {
    let root = read("root", &["n"], vec![site(11, "B::set", computed(0), vec![])]);
    let expect = ["Read A itself", "Write B B::at(n), 0 of A::root at itself"];
    check(computing(root, "B::at(n)", true), b(vec![set()]), &expect);
}

/// `A::g`, which writes a `B` with a key of its own.
fn g(arguments: bool) -> Vec<Entity> {
    let g = read("g", &["n"], vec![site(15, "B::set", computed(0), vec![])]);
    vec![entity("A", vec![computing(g, "B::at(..)", arguments)]), entity("B", vec![set()])]
}

#[test]
fn a_key_is_computed_of_that_of_an_entity_further_down() {
    let root = read("root", &["a"], vec![site(11, "A::g", param(0), vec![none()])]);
    check(root, g(false), &["Read A itself", "Read A 0", "Write B B::at(..), 0 of A::g at 0"]);
    let root = read("root", &["a"], vec![site(11, "A::g", itself(), vec![none()])]);
    check(root, g(false), &["Read A itself", "Write B B::at(..), 0 of A::g at itself"]);
}

#[test]
fn what_is_computed_further_down_of_arguments_is_not_known() {
    let root = read("root", &["a"], vec![site(11, "A::g", param(0), vec![none()])]);
    check(root, g(true), &["src/test.rs:11 `B::at(..)` is computed in `g`, which is called here"]);
}

#[test]
fn what_is_computed_of_what_is_computed_is_not_known() {
    let root = read("root", &[], vec![site(11, "A::g", computed(0), vec![none()])]);
    let expect = ["src/test.rs:11 `B::at(..)` is computed in `g`, which is called here"];
    check(computing(root, "A::at(1)", false), g(false), &expect);
}

#[test]
fn receiver_read_from_state() {
    let call = site(12, "B::set", unknown(11, "`self.b` is read from state"), vec![]);
    check(read("root", &["b"], vec![call]), b(vec![set()]), &["src/test.rs:11 `self.b` is read from state"]);
}

#[test]
fn every_reason_of_every_callee_is_inherited() {
    let deep =
        read("deep", &[], vec![site(31, "B::set", unknown(30, "`self.next` is read from state"), vec![])]);
    let calls = vec![
        site(12, "B::deep", param(0), vec![]),
        site(14, "B::set", unknown(13, "`found` is the result of a call"), vec![]),
    ];
    let other = Entity { file: "src/b.rs".to_owned(), ..entity("B", vec![set(), deep]) };
    check(
        read("root", &["b"], calls),
        vec![other],
        &["src/b.rs:30 `self.next` is read from state", "src/test.rs:13 `found` is the result of a call"],
    );
}

#[test]
fn unknown_argument_that_the_callee_reaches_through() {
    let call = site(11, "B::via", param(0), vec![unknown(11, "`self.c` is read from state")]);
    check(
        read("root", &["b"], vec![call]),
        b(vec![set(), via()]),
        &["src/test.rs:11 `self.c` is read from state"],
    );
}

#[test]
fn unknown_argument_that_the_callee_only_keeps() {
    let call = site(11, "B::keep", param(0), vec![unknown(11, "`self.c` is read from state")]);
    let keep = write("keep", &["c"], vec![]);
    check(read("root", &["b"], vec![call]), b(vec![keep]), &["Read A itself", "Write B 0"]);
}

#[test]
fn argument_without_references_reaches_nothing() {
    let root = read("root", &["b"], vec![site(11, "B::via", param(0), vec![none()])]);
    check(root, b(vec![set(), via()]), &["Read A itself", "Read B 0"]);
}

#[test]
fn receiver_without_origin_is_not_trusted() {
    let root = read("root", &[], vec![site(11, "B::set", none(), vec![])]);
    check(root, b(vec![set()]), &["src/test.rs:11 the receiver of `set` is named by no argument"]);
}

#[test]
fn too_few_arguments_are_not_trusted() {
    let root = read("root", &["b"], vec![site(11, "B::via", param(0), vec![])]);
    check(root, b(vec![set(), via()]), &["src/test.rs:11 the arguments of `via` do not fit its parameters"]);
}

#[test]
fn call_built_elsewhere() {
    let expect = ["src/test.rs:11 the call is a value built elsewhere"];
    let unseen = Site { calls: vec![], ..site(11, "B::set", param(0), vec![]) };
    check(read("root", &["b"], vec![unseen]), b(vec![set()]), &expect);

    let mut half_seen =
        join(vec![site(11, "B::set", param(0), vec![]), site(11, "B::get", param(0), vec![])]);
    half_seen.calls.pop();
    check(read("root", &["b"], vec![half_seen]), b(vec![set(), read("get", &[], vec![])]), &expect);

    let mut another = site(11, "B::set", param(0), vec![]);
    another.calls[0].method = "clone".to_owned();
    check(read("root", &["b"], vec![another]), b(vec![set()]), &expect);
}

#[test]
fn site_without_callees() {
    let lost = Site { callees: vec![], ..site(11, "B::set", param(0), vec![]) };
    check(read("root", &["b"], vec![lost.clone()]), vec![], &["src/test.rs:11 what is called is not known"]);
    let nothing = Site { calls: vec![], kind: SiteKind::Join, ..lost }; // `join(())`
    check(read("root", &["b"], vec![nothing]), vec![], &["Read A itself"]);
}

#[test]
fn several_calls_of_one_collection() {
    let mut all = join(vec![site(11, "B::set", param(0), vec![]), site(11, "B::set", param(1), vec![])]);
    all.callees.pop();
    let root = read("root", &["b", "c"], vec![all.clone()]);
    check(root, b(vec![set()]), &["Read A itself", "Write B 0", "Write B 1"]);

    all.kind = SiteKind::Await; // an awaited call is one call
    let root = read("root", &["b", "c"], vec![all]);
    check(root, b(vec![set()]), &["src/test.rs:11 the call is a value built elsewhere"]);
}

#[test]
fn recursion_converges() {
    let step = |x, y| site(12, "A::root", param(x), vec![param(y), param(x)]);
    let root = write("root", &["x", "y"], vec![step(0, 1), step(1, 1)]);
    check(root, vec![], &["Write A itself", "Write A 0", "Write A 1"]);
}

#[test]
fn mutual_recursion_converges() {
    let pong = write("pong", &["a", "b"], vec![site(20, "A::root", param(0), vec![itself(), param(1)])]);
    let root = read("root", &["b", "c"], vec![site(11, "B::pong", param(0), vec![itself(), param(1)])]);
    check(root, b(vec![pong]), &["Read A itself", "Write B 0"]);
}

#[test]
fn mutual_recursion_shares_its_reasons() {
    let lost = unknown(21, "`self.a` is read from state");
    let pong = write("pong", &[], vec![site(21, "A::root", lost, vec![itself()])]);
    let root = read("root", &["b"], vec![site(11, "B::pong", param(0), vec![])]);
    check(root, b(vec![pong]), &["src/test.rs:21 `self.a` is read from state"]);
}

#[test]
fn built_in_methods() {
    let calls = vec![site(11, "B::exists", param(0), vec![]), site(12, "B::remove", param(1), vec![])];
    check(read("root", &["b", "c"], calls), b(vec![]), &["Read A itself", "Read B 0", "Create B 1"]);
}

#[test]
fn any_use_may_create_an_auto_entity() {
    let auto = Entity { auto: true, ..entity("B", vec![set(), read("get", &[], vec![])]) };
    let calls = vec![
        site(11, "B::get", param(0), vec![]),
        site(12, "B::set", param(1), vec![]),
        site(13, "B::exists", param(2), vec![]),
    ];
    let root = read("root", &["x", "y", "z"], calls);
    check(root, vec![auto], &["Read A itself", "Create B 0", "Create B 1", "Read B 2"]);
}

#[test]
fn key_of_a_constructor_comes_from_the_reference() {
    let mut open = write("open", &["id", "c"], vec![site(20, "B::set", param(1), vec![])]);
    open.access = thalweg_graph::Access::Create;
    let root = read("root", &["b", "c"], vec![site(11, "B::open", param(0), vec![param(1)])]);
    check(root, b(vec![set(), open]), &["Read A itself", "Create B 0", "Write B 1"]);
}
