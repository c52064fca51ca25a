//! Where references come from: one fact a line.
use super::{analyse, print};
use thalweg_graph::Origin;

/// The receiver and arguments of the last call of a method whose parameters are `a`, `b`, `list`, `order`, `n`.
fn last(body: &str) -> String {
    let params = "a: Ref<Item>, b: Ref<Item>, list: Vec<Ref<Item>>, order: Order, n: u64";
    let method = analyse(&format!("async fn f(&mut self, {params}) -> u64 {{\n{body}\n}}"));
    let site = method.sites.last().expect("there is a site");
    let calls = site.calls.iter().map(|call| {
        let arguments: Vec<_> = call.arguments.iter().map(print::origin).collect();
        format!("{} . {}({})", print::origin(&call.receiver), call.method, arguments.join(", "))
    });
    calls.collect::<Vec<_>>().join(" | ")
}

fn check(body: &str, expect: &str) {
    assert_eq!(last(body), expect, "{body}");
}

#[test]
fn parameters_and_their_parts() {
    check("a.f().await", "param 0 . f()");
    check("a.f(b, n + 1, list, 3).await", "param 0 . f(param 1, nothing, param 2, nothing)");
    check("order.items[0].0.f(&order.name).await", "param 3 . f(param 3)");
    check(
        "let (x, Some(y)) = (a, Some(b)) else { return 0 }; y.f(x).await",
        "param 0 + param 1 . f(param 0 + param 1)",
    );
    check("let x = a; let a = b; x.f(a).await", "param 0 . f(param 1)");
    check("(*(&a)).f(b as u64).await", "param 0 . f(param 1)");
    check("let o = Order { to: a, ..order }; o.to.f().await", "param 0 + param 3 . f()");
}

#[test]
fn the_entity_itself() {
    check("self.audit(n).await", "itself . audit(param 4)");
    check("Self::at(self.id).f(a).await", "itself . f(param 0)");
    check("a.f(Account::at(self.id.clone())).await", "param 0 . f(itself)");
    check(
        "let me = Self::at(self.id); let x = if n > 1 { me } else { a }; x.f().await",
        "itself + param 0 . f()",
    );
    check("Self::at(self.owner).f().await", "unknown: `Self::at(self.owner)` is computed, line 2 . f()");
    check("Item::at(self.id).f().await", "computed 0 . f()");
    check("Item::at(self.owner).f().await", "unknown: `Item::at(self.owner)` is computed, line 2 . f()");
    check("self.other(n).await", "unknown: `self` is the state of the entity, line 2 . other(param 4)");
}

#[test]
fn state_and_results_are_unknown() {
    check("self.owner.f().await", "unknown: `self.owner` is read from state, line 2 . f()");
    check(
        "for x in self.items.iter() { x.f().await; } 1",
        "unknown: `self.items` is read from state, line 2 . f()",
    );
    check("let x = a.next().await;\nx.f().await", "unknown: `a.next()` is returned by a call, line 2 . f()");
    check("let x = a.next().await + 1;\nb.f(x).await", "param 1 . f(nothing)");
    check(
        "let w = order.warehouse();\nw.f().await",
        "unknown: `order.warehouse()` may name other entities, line 2 . f()",
    );
    check("route(a).f().await", "unknown: `route(a)` may name other entities, line 2 . f()");
    check("Item::at(n + self.n).f().await", "unknown: `Item::at(…)` is computed, line 2 . f()");
    check("BANK.f(u64::MAX).await", "unknown: `BANK` may name other entities, line 2 . f(nothing)");
    check("pick!(a).f().await", "unknown: `pick!(…)` may name other entities, line 2 . f()");
    check(
        "list.into_iter().map(Item::at).next().unwrap().f().await",
        "unknown: `Item::at` may name other entities, line 2 . f()",
    );
}

#[test]
fn collections() {
    check("for (i, x) in list.iter().enumerate() { x.f(i).await; } 1", "param 2 . f(param 2)");
    check("let mut v = vec![a]; v.push(b); for x in v { x.f().await; } 1", "param 0 + param 1 . f()");
    check("let mut v = Vec::new(); v.insert(0, b); v[0].f().await", "param 1 . f()");
    check(
        "let x = list.iter().filter(|x| n > 1).cloned().max().unwrap_or(a); x.f().await",
        "param 0 + param 2 . f()",
    );
    check(
        "let x = list.iter().fold(a, |x, y| if n > 1 { x } else { b }); x.f().await",
        "param 0 + param 1 + param 2 . f()",
    );
    check(
        "let mut m = BTreeMap::new(); m.entry(n).or_insert_with(Vec::new).push(a); m.f().await",
        "param 0 + param 4 . f()",
    );
    check(
        "let v: Vec<_> = order.lines.iter().map(|line| (line.item, a)).collect(); v[0].0.f().await",
        "param 0 + param 3 . f()",
    );
}

#[test]
fn what_is_put_somewhere_later() {
    check("let mut x = a; while n > 1 { x.f().await; x = b; } 1", "param 0 + param 1 . f()");
    check("let mut o = order; o.to = a; o.from.f().await", "param 0 + param 3 . f()");
    check("let mut v = vec![a]; let w = &mut v; w.push(b); v[0].f().await", "param 0 + param 1 . f()");
    check("let mut v = vec![a]; for x in v.iter_mut() { *x = b; } v[0].f().await", "param 0 + param 1 . f()");
    check(
        "let mut v = Some(a); if let Some(x) = &mut v { *x = b; } v.unwrap().f().await",
        "param 0 + param 1 . f()",
    );
    check("let mut v = vec![]; list.iter().for_each(|x| v.push(x)); v[0].f().await", "param 2 . f()");
    check("let (mut x, mut y) = (a, 1); (x, y) = (b, 2); x.f().await", "param 0 + param 1 . f()");
    check(
        "let mut v = vec![a];\nfill(&mut v);\nv[0].f().await",
        "unknown: `fill(&mut v)` may name other entities, line 3 . f()",
    );
    check(
        "let mut o = order;\no.refill();\no.to.f().await",
        "unknown: `o.refill()` may name other entities, line 3 . f()",
    );
    check(
        "let mut v = vec![a];\nfill!(v);\nv[0].f().await",
        "unknown: `fill!(…)` may name other entities, line 3 . f()",
    );
    check(
        "let mut x = a; std::mem::swap(&mut x, &mut self.owner);\nx.f().await",
        "unknown: `self.owner` is read from state, line 2 . f()",
    );
    check("let mut v = list.clone(); v.push(a); list[0].f().await", "param 2 . f()");
    check(
        "let mut v = a; let mut put = |x| v = x; put(b);\nv.f().await",
        "unknown: `…` is given to a closure, line 2 . f()",
    );
}

#[test]
fn control_flow() {
    check(
        "let x = match order { Order::One(x) => x, Order::Two(_, y) if n > 1 => y, _ => a }; x.f().await",
        "param 0 + param 3 . f()",
    );
    check("let x = loop { if n > 1 { break a; } break b; }; x.f().await", "param 0 + param 1 . f()");
    check("let x = 'out: { loop { break 'out a; } }; x.f().await", "param 0 . f()");
    check("let Some(x) = order.to else { return 1 }; x.f().await", "param 3 . f()");
    check("let x; if n > 1 { x = a; } else { x = b; } x.f().await", "param 0 + param 1 . f()");
    check("let v = &list | &order.items; v.f(n - 1).await", "param 2 + param 3 . f(param 4)");
}

#[test]
fn joined_calls() {
    check("join((a.f(n), b.g())).await", "param 0 . f(param 4) | param 1 . g()");
    check(
        "rt::join((a.f(), join((b.g(), self.close())))).await",
        "param 0 . f() | param 1 . g() | itself . close()",
    );
    check("join_all(list.iter().map(|x| x.f(a))).await", "param 2 . f(param 0)");
    check(
        "let calls: Vec<_> = list.iter().map(|x| { x.f(b) }).collect(); join_all(calls).await",
        "param 2 . f(param 1)",
    );
    check(
        "let mut c = vec![]; for x in list { c.push(x.f(1)); } c.push(a.f(n)); join_all(c).await",
        "param 0 + param 2 . f(param 4)",
    );
    check("try_join_all([a.f(), b.f()]).await", "param 0 + param 1 . f()");
    check("let (x, y) = (a.f(), b.f()); join((x, y)).await", "");
    check("let x = a.f(); let y = b.f(); join((x, y)).await", "param 0 . f() | param 1 . f()");
    check("let mut c = vec![]; c.push(a.f()); more(&mut c); join_all(c).await", "");
    check("let c = if n > 1 { a.f() } else { b.f() }; c.await", "");
    check("a.f(b).send(); 1", "param 0 . f(param 1)");
    check("let c = a.f(b); c.send(); 1", "param 0 . f(param 1)");
}

#[test]
fn results_that_are_not_used() {
    let used = |body: &str| {
        let method = analyse(&format!("async fn f(&self, a: A) -> u64 {{ {body} }}"));
        method.sites.iter().map(|site| site.used).collect::<Vec<_>>()
    };
    assert_eq!(used("a.f().await; let _ = a.f().await; let _x = a.f().await; 1"), [false, false, true]);
    assert_eq!(used("a.f().await?; a.f().send(); a.f().await"), [true, false, true]);
}

#[test]
fn keys_that_are_computed() {
    for key in [
        "n",
        "(n, 7)",
        "n + 1",
        "&order.name",
        "order.lines.0.clone()",
        "(self.id, n)",
        "ItemId(n as u32)",
        "MAX",
        "u64::from(*Ref::key(&a))",
    ] {
        check(&format!("Item::at({key}).f().await"), "computed 0 . f()");
    }
    check("let key = (n, 1); let n = 2; Item::at(key).f().await", "computed 0 . f()");
    check("for n in &order.items { Item::at(*n).f().await; } 1", "computed 0 . f()");
    check("join_all(order.items.iter().map(|n| Item::at(*n).f())).await", "computed 0 . f()");
    check("if let Some(n) = order.first { Item::at(n).f().await } else { 1 }", "computed 0 . f()");
    check("match order.kind { Kind::New(n) if n > 1 => Item::at(n).f().await, _ => 1 }", "computed 0 . f()");
    check(
        "let n = (n, 1_u64); let n = n.0; if let Some(n) = Some(n) { Item::at(n).f().await }",
        "computed 0 . f()",
    );
    check("let x = if n > 1 { Item::at(n) } else { a }; x.f().await", "param 0 + computed 0 . f()");
}

#[test]
fn keys_that_are_not() {
    for key in [
        "self.owner",
        "thalweg::now()",
        "n - 1",
        "list[0]",
        "order.key()",
        "{ n }",
        "self.id + self.n",
        "f(n)",
    ] {
        assert!(last(&format!("Item::at({key}).f().await")).starts_with("unknown"), "{key}");
    }
    for body in [
        "let mut m = n; m += 1; Item::at(m).f().await",
        "let Some(m) = order.first else { return 1 }; Item::at(m).f().await",
        "let m: u64 = n.into(); let k = m.into(); Item::at(k).f().await",
        "const N: u64 = 1; Item::at(N).f().await",
        "#[cfg(test)] { n.to_string(); } Item::at(n).f().await",
        "let m = a.f().await; Item::at(m).f().await",
    ] {
        assert!(last(body).starts_with("unknown"), "{body}");
    }
}

/// Whether the receiver of the last call relies on names.
fn presumed(body: &str) -> bool {
    let params = "a: Ref<Item>, b: Ref<Item>, list: Vec<Ref<Item>>, order: Order, n: u64";
    let method = analyse(&format!("async fn f(&mut self, {params}) -> u64 {{\n{body}\n}}"));
    let call = method.sites.last().and_then(|site| site.calls.last()).expect("there is a call");
    match &call.receiver {
        Origin::Known { presumed, computed, .. } => {
            *presumed || computed.iter().any(|key| method.computed[*key].presumed)
        }
        Origin::Unknown { reason, .. } => panic!("{reason}"),
    }
}

#[test]
fn what_relies_on_names() {
    for body in [
        "a.f().await",
        "let (x, Some(y)) = (a, Some(b)) else { return 0 }; y.f(x).await",
        "for x in &list { x.f().await; } 1",
        "order.items[0].0.f(n + 1).await",
        "if n > 1 { a.f().await } else { b.f().await }",
        "self.audit(n).await",
        "let mut all = vec![]; all.push(a); all[0].f().await",
        "Item::at((self.id, n)).f().await",
        "let key = (n, self.id); Item::at(key).f().await",
    ] {
        assert!(!presumed(body), "{body}");
    }
    for body in [
        "a.clone().f().await",
        "list.first().unwrap().f().await",
        "for x in list.iter() { x.f().await; } 1",
        "join_all(list.iter().map(|x| x.f())).await",
        "let o = Order { to: a, ..order }; o.to.f().await",
        "let mut all = order.items; all.push(a); all[0].f().await",
        "Wrapper(a).to.f().await",
        "Item::at(n + 1).f().await",
        "Item::at(ItemId(n)).f().await",
        "Item::at(MAX).f().await",
    ] {
        assert!(presumed(body), "{body}");
    }
}
