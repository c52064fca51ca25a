//! A shop: a buyer, items and orders; with a loop, branches, a join, a send and an owner read from state.
use crate::build::*;
use thalweg_graph::{Access, End, Entity, Method, Program, Site, SiteKind, link};

pub fn shop() -> Program {
    link("shop", vec![user(), item(), order()]).unwrap()
}

fn at(mut entity: Entity, line: u32, key: &str) -> Entity {
    entity.file = "src/shop.rs".to_owned();
    entity.line = line;
    let (name, ty) = key.split_once(": ").unwrap();
    entity.key = variable(name, ty);
    entity
}

fn with(mut method: Method, line: u32, output: &str, blocks: Vec<thalweg_graph::Block>) -> Method {
    method.line = line;
    method.output = output.to_owned();
    method.blocks = blocks;
    method
}

fn straight(method: Method, line: u32, output: &str, lines: &[(u32, &str)]) -> Method {
    with(method, line, output, vec![block(lines, &[], End::Return)])
}

fn told(mut site: Site, text: &str, live: &[&str]) -> Site {
    site.text = text.to_owned();
    site.live = names(live);
    site
}

pub fn item() -> Entity {
    let new = method("new", Access::Create, &["id: String", "price: u64", "stock: u32"], vec![]);
    let mut audit = straight(read("audit", &[], vec![]), 34, "()", &[(35, "debug_assert!(self.price > 0)")]);
    audit.public = false;
    let methods = vec![
        straight(new, 14, "Self", &[(15, "Self { id, price, stock }")]),
        straight(read("price", &[], vec![]), 18, "u64", &[(19, "self.price")]),
        straight(
            write("take", &["count: u32"], vec![]),
            22,
            "Result<u64, OutOfStock>",
            &[
                (23, "self.stock = self.stock.checked_sub(count).ok_or(OutOfStock)?"),
                (24, "Ok(self.price * u64::from(count))"),
            ],
        ),
        straight(write("put_back", &["count: u32"], vec![]), 28, "()", &[(29, "self.stock += count")]),
        audit,
    ];
    at(entity("Item", methods), 7, "id: String")
}

pub fn user() -> Entity {
    let pay = straight(
        write("pay", &["amount: u64"], vec![]),
        50,
        "Result<(), Poor>",
        &[(51, "self.balance = self.balance.checked_sub(amount).ok_or(Poor)?"), (52, "Ok(())")],
    );
    let methods = vec![
        straight(write("deposit", &["amount: u64"], vec![]), 46, "()", &[(47, "self.balance += amount")]),
        pay,
        buy(),
        read_orders(),
    ];
    let mut user = at(entity("User", methods), 38, "name: String");
    user.auto = true;
    user
}

/// Buys a basket: a loop over the lines of the basket, a branch on each, and a way out that puts all back.
fn buy() -> Method {
    let sites = vec![
        told(
            site(62, "Item::take", param(0), vec![none()]),
            "item.take(*count)",
            &["basket", "count", "item", "order", "rest", "taken", "total"],
        ),
        told(
            join(vec![site(69, "Item::put_back", param(0), vec![none()])]),
            "join_all(taken.iter().map(|(item, count)| item.put_back(*count)))",
            &["total"],
        ),
        Site {
            kind: SiteKind::Send,
            used: false,
            ..told(
                site(79, "Order::place", param(1), vec![itself(), param(0), none()]),
                "order.place(Self::at(self.name.clone()), basket, total).send()",
                &["total"],
            )
        },
    ];
    let method = write("buy", &["basket: Vec<(Ref<Item>, u32)>", "order: Ref<Order>"], sites);
    let way = |text: &str, target| (text.to_owned(), target);
    let blocks = vec![
        block(
            &[
                (57, "let mut total = 0"),
                (58, "let mut taken = Vec::new()"),
                (60, "let mut rest = basket.iter()"),
            ],
            &["basket", "order"],
            End::Goto(1),
        ),
        block(
            &[],
            &["basket", "order", "rest", "taken", "total"],
            End::Branch(vec![way("Some((item, count)) = rest.next()", 2), way("None", 6)]),
        ),
        block(&[], &["count", "item", "order", "rest", "taken", "total"], End::Call { site: 0, next: 3 }),
        block(
            &[(62, "let result = item.take(*count).await")],
            &["count", "item", "order", "rest", "taken", "total"],
            End::Branch(vec![way("Ok(price)", 4), way("Err(OutOfStock)", 5)]),
        ),
        block(
            &[(64, "total += price"), (65, "taken.push((item.clone(), *count))")],
            &["count", "item", "order", "price", "rest", "taken", "total"],
            End::Goto(1),
        ),
        block(
            &[(68, "warn(\"out of stock\", item.key())")],
            &["taken", "total"],
            End::Call { site: 1, next: 7 },
        ),
        block(
            &[],
            &["basket", "order", "total"],
            End::Branch(vec![way("self.balance < total", 8), way("else", 9)]),
        ),
        block(&[(70, "return Err(Refused::OutOfStock { total })")], &["total"], End::Return),
        block(
            &[(75, "return Err(Refused::Poor { missing: total - self.balance })")],
            &["total"],
            End::Return,
        ),
        block(
            &[(78, "self.balance -= total")],
            &["basket", "order", "total"],
            End::Call { site: 2, next: 10 },
        ),
        block(&[(81, "Ok(total)")], &["total"], End::Return),
    ];
    with(method, 56, "Result<u64, Refused>", blocks)
}

/// The orders stand in the user's own state, so no argument names them.
fn read_orders() -> Method {
    let orders = unknown(86, "`self.orders` is read from state");
    let text = "join_all(self.orders.iter().map(|order| order.total()))";
    let method =
        read("spent", &[], vec![told(join(vec![site(86, "Order::total", orders, vec![])]), text, &[])]);
    let blocks = vec![
        block(&[], &[], End::Call { site: 0, next: 1 }),
        block(&[(87, "totals.into_iter().sum()")], &["totals"], End::Return),
    ];
    with(method, 85, "u64", blocks)
}

pub fn order() -> Entity {
    let place = straight(
        write("place", &["buyer: Ref<User>", "lines: Vec<(Ref<Item>, u32)>", "total: u64"], vec![]),
        104,
        "()",
        &[(105, "self.buyer = Some(buyer)"), (106, "self.lines = lines"), (107, "self.total = total")],
    );
    let buyer = || unknown(115, "`self.buyer` is read from state");
    let cancel_sites = vec![
        told(site(117, "User::deposit", buyer(), vec![none()]), "buyer.deposit(self.total)", &["lines"]),
        Site {
            used: false,
            ..told(
                join(vec![site(
                    118,
                    "Item::put_back",
                    unknown(116, "`self.lines` is read from state"),
                    vec![none()],
                )]),
                "join_all(lines.iter().map(|(item, count)| item.put_back(*count)))",
                &[],
            )
        },
    ];
    let way = |text: &str, target| (text.to_owned(), target);
    let cancel = with(
        write("cancel", &[], cancel_sites),
        114,
        "bool",
        vec![
            block(&[], &[], End::Branch(vec![way("Some(buyer) = self.buyer.take()", 1), way("else", 4)])),
            block(&[(116, "let lines = take(&mut self.lines)")], &["buyer"], End::Call { site: 0, next: 2 }),
            block(&[], &["lines"], End::Call { site: 1, next: 3 }),
            block(&[(119, "true")], &[], End::Return),
            block(&[(121, "false")], &[], End::Return),
        ],
    );
    let methods =
        vec![place, straight(read("total", &[], vec![]), 110, "u64", &[(111, "self.total")]), cancel];
    let mut order = at(entity("Order", methods), 92, "id: (u32, u64)");
    order.partition = Some("id.0".to_owned());
    order
}
