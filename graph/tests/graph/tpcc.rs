//! A program of the size of TPC-C: twelve entities, thirty methods, calls across four layers.
use crate::build::*;
use thalweg_graph::{Access, Entity, Method, Program, Site, link};

/// Entities with their methods: `access name(params) -> calls`, where a call is `receiver Entity::method`.
/// The receiver is the place of a parameter, `s` for the entity itself or `?` for one read from state.
const FORMS: [(&str, &[&str]); 12] = [
    (
        "Terminal",
        &[
            "W new_order(Ref<Customer>, Ref<District>, Vec<Ref<Stock>>) -> 0 Customer::order",
            "W payment(Ref<Customer>, u64) -> 0 Customer::pay",
            "R order_status(Ref<Customer>) -> 0 Customer::status",
            "W deliver(Vec<Ref<District>>) -> 0 District::deliver",
            "R stock_level(Ref<District>) -> 0 District::stock_level",
        ],
    ),
    ("Warehouse", &["R tax()", "W receive(u64)", "C open(u64)"]),
    (
        "District",
        &[
            "W next_order(Vec<Ref<Stock>>) -> s District::tax, 0 Stock::take, ? NewOrder::push",
            "W deliver() -> ? NewOrder::pop, ? Order::deliver, s District::next_order",
            "R stock_level() -> ? Order::lines, ? Stock::level",
            "R tax()",
            "W receive(u64)",
        ],
    ),
    (
        "Customer",
        &[
            "W order(Ref<District>, Vec<Ref<Stock>>) -> 0 District::next_order, 0 District::tax",
            "W pay(u64) -> ? District::receive, ? Warehouse::receive, ? History::append",
            "R status() -> ? Order::lines",
            "W credit(u64)",
        ],
    ),
    (
        "Order",
        &[
            "C place(Vec<Ref<Stock>>)",
            "W deliver(u64) -> ? Customer::credit, ? OrderLine::deliver",
            "R lines() -> ? OrderLine::amount",
        ],
    ),
    ("OrderLine", &["W deliver(u64)", "R amount()"]),
    ("NewOrder", &["W push(Ref<Order>)", "W pop()"]),
    ("Stock", &["W take(Ref<Item>, u32) -> 0 Item::price", "R level()"]),
    ("Item", &["R price()"]),
    ("History", &["W append(u64)"]),
    ("Clerk", &["W audit(Vec<Ref<Warehouse>>) -> 0 Warehouse::tax, 0 Warehouse::exists"]),
    ("Settings", &["W set(String)"]),
];

pub fn tpcc() -> Program {
    let entities = FORMS.iter().map(|(name, methods)| {
        let methods = methods.iter().enumerate().map(|(at, form)| parse(10 + 10 * at as u32, form)).collect();
        Entity { file: format!("src/{}.rs", name.to_lowercase()), ..entity(name, methods) }
    });
    link("tpcc", entities.collect()).unwrap()
}

fn parse(line: u32, form: &str) -> Method {
    let (head, calls) = form.split_once(" -> ").unwrap_or((form, ""));
    let (access, head) = head.split_at(2);
    let access = match access {
        "R " => Access::Read,
        "W " => Access::Write,
        _ => Access::Create,
    };
    let (name, params) = head.trim_end_matches(')').split_once('(').unwrap();
    let params: Vec<_> = params
        .split(", ")
        .filter(|ty| !ty.is_empty())
        .enumerate()
        .map(|(at, ty)| format!("p{at}: {ty}"))
        .collect();
    let params: Vec<_> = params.iter().map(String::as_str).collect();
    let calls = calls.split(", ").filter(|call| !call.is_empty());
    let sites =
        calls.enumerate().map(|(at, call)| parse_call(line + 1 + at as u32, call, params.len())).collect();
    Method { line, ..method(name, access, &params, sites) }
}

fn parse_call(line: u32, call: &str, params: usize) -> Site {
    let (receiver, callee) = call.split_once(' ').unwrap();
    let receiver = match receiver {
        "s" => itself(),
        "?" => unknown(line, "`self.refs` is read from state"),
        place => param(place.parse().unwrap()),
    };
    site(line, callee, receiver, (1..params).map(param).chain([none(), none()]).take(3).collect())
}
