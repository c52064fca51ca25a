//! Every construct, pinned at every stage.
use super::check;

#[test]
fn transfer() {
    check!(
        "transfer",
        "async fn transfer(&mut self, to: Ref<Account>, amount: u64) -> Result<(), Error> {
    let fee = amount / 100;
    if self.balance < amount + fee {
        return Err(Error::Poor);
    }
    self.balance -= amount + fee;
    to.deposit(amount).await?;
    Ok(())
}"
    );
}

#[test]
fn nested_arguments() {
    check!(
        "nested_arguments",
        "async fn price(&self, a: Ref<Item>, b: Ref<Item>) -> u64 {
    let base = 3;
    let total = base * a.scale(b.price().await, self.rate).await + b.tax().await;
    a.note(total).send();
    total
}"
    );
}

#[test]
fn branches() {
    check!(
        "branches",
        "async fn pick(&mut self, item: Ref<Item>, local: u64) -> u64 {
    let mut seen = 0;
    if local > 10 {
        self.hits += 1;
    } else if item.price().await > local {
        seen = 1;
    } else {
        item.touch().await;
    }
    let x = if seen > 0 { item.stock().await } else { 0 };
    x + local
}"
    );
}

#[test]
fn short_circuit() {
    check!(
        "short_circuit",
        "async fn check(&self, a: Ref<Item>, b: Ref<Item>, quick: bool) -> bool {
    let both = quick || a.ok().await && b.ok().await;
    if !(both && a.free().await) || quick {
        return false;
    }
    both
}"
    );
}

#[test]
fn match_guards() {
    check!(
        "match_guards",
        "async fn route(&mut self, order: Order, hub: Ref<Hub>) -> u64 {
    match hub.state(order.id).await {
        State::Open { room } if room > 0 => room,
        State::Busy(next) if next.free().await => next.take(order).await,
        State::Closed | State::Lost => return 0,
        other => {
            self.note(other);
            1
        }
    }
}"
    );
}

#[test]
fn matching_at_once() {
    check!(
        "matching_at_once",
        "async fn ship(&mut self, way: Option<Ref<Hub>>) -> u64 {
    let cost = match way {
        Some(hub) if self.open => hub.cost().await,
        Some(_) => 1,
        None => 0,
    };
    cost
}"
    );
}

#[test]
fn let_else_and_chains() {
    check!(
        "let_else_and_chains",
        "async fn find(&self, names: Vec<Ref<Item>>, at: usize) -> Option<u64> {
    let Some(item) = names.get(at) else {
        return None;
    };
    let Ok(stock) = item.stock().await else { panic!() };
    if stock > 0 && let Some(next) = item.next().await && next.open().await {
        next.touch().await;
    }
    let price = item.price().await?;
    Some(price + stock)
}"
    );
}

#[test]
fn for_loops() {
    check!(
        "for_loops",
        "async fn sum(&mut self, items: Vec<(Ref<Item>, u64)>, limit: u64) -> u64 {
    let mut sum = 0;
    'items: for (item, quantity) in items {
        for day in 0..quantity {
            let price = item.price(day).await;
            if price == 0 {
                continue 'items;
            }
            sum += price;
            if sum > limit {
                break 'items;
            }
        }
        self.seen += 1;
    }
    sum
}"
    );
}

#[test]
fn while_loops() {
    check!(
        "while_loops",
        "async fn drain(&mut self, mut queue: Vec<Ref<Item>>, gate: Ref<Gate>) -> u64 {
    let mut n = 0;
    while gate.open().await {
        while let Some(item) = queue.pop() {
            n += item.take().await;
        }
    }
    while n > 100 {
        n /= 2;
    }
    n
}"
    );
}

#[test]
fn loops_with_values() {
    check!(
        "loops_with_values",
        "async fn search(&mut self, mut at: Ref<Node>) -> u64 {
    let found = loop {
        if at.done().await {
            break at.value().await;
        }
        at = at.next().await;
    };
    let twice = 'block: {
        if found > 3 {
            break 'block 0;
        }
        found * 2
    };
    twice
}"
    );
}

#[test]
fn joins() {
    check!(
        "joins",
        "async fn gather(&mut self, a: Ref<Item>, items: Vec<Ref<Item>>, n: u64) -> u64 {
    let (x, y) = join((a.price(), self.audit(n))).await;
    let all = join_all(items.iter().map(|item| item.reserve(n))).await;
    let mut calls = Vec::new();
    for item in &items {
        calls.push(item.touch(x));
    }
    thalweg::try_join_all(calls).await?;
    let last = a.stock();
    let _ = last.await;
    y + all.len()
}"
    );
}

#[test]
fn shadowing_and_macros() {
    check!(
        "shadowing_and_macros",
        "async fn names(&mut self, name: String, big: Vec<u8>, log: Ref<Log>) -> String {
    let size = big.len();
    let name = format!(\"{name}-{size}\");
    let before = log.add(name.clone()).await;
    let name = { let name = before + 1; log.add(name).await };
    let show = |size: u64| format!(\"{size} {name:>4}\");
    log.flush().await;
    show(7)
}"
    );
}

#[test]
fn not_async() {
    check!(
        "not_async",
        "fn withdraw(&mut self, amount: u64) -> Result<(), Error> {
    if self.balance < amount {
        return Err(Error::Poor);
    }
    for entry in
        self.log.iter()
    {
        check(
            entry,
            &amount,
        )?;
    }
    self.balance -= amount;
    Ok(())
}"
    );
}
