//! Checkouts that succeed and checkouts that fail half-way, and what is left behind by each: all or nothing.

mod entities;

use entities::{Item, Refused, User, app};
use thalweg::Handle;
use thalweg::prelude::*;

const MONEY: i64 = 500;
const ITEMS: [(&str, i64, u32); 3] = [("lamp", 40, 5), ("chair", 120, 2), ("rug", 300, 1)];

fn item(name: &str) -> Ref<Item> {
    Item::at(name.to_owned())
}

#[tokio::main]
async fn main() -> thalweg::Result<()> {
    let shop = app().start()?;
    for (name, price, stock) in ITEMS {
        shop.call(item(name).list(price, stock)).await?;
    }
    for user in [1, 2] {
        shop.call(User::at(user).sign_up(MONEY)).await?;
    }

    checkout(&shop, 1, &[("lamp", 2), ("chair", 1)]).await?;
    checkout(&shop, 2, &[("lamp", 1), ("chair", 2)]).await?; // one chair is left: the lamp goes back, too
    checkout(&shop, 2, &[("lamp", 3), ("rug", 1), ("chair", 1)]).await?; // 540: the last step fails, all goes back
    checkout(&shop, 2, &[("lamp", 3), ("rug", 1)]).await?;
    match shop.call(User::at(1).buy(item("chair"), 1)).await? {
        Ok(total) => println!("user 1 buys 1 chair: paid {total}"),
        Err(refused) => println!("user 1 buys 1 chair: {}", reason(&refused)),
    }

    check(&shop).await?;
    shop.stop()?;
    Ok(())
}

async fn checkout(shop: &Handle, user: u64, basket: &[(&str, u32)]) -> thalweg::Result<()> {
    let wanted: Vec<_> = basket.iter().map(|(name, amount)| format!("{amount} {name}")).collect();
    let lines = basket.iter().map(|(name, amount)| (item(name), *amount)).collect();
    let outcome = match shop.call(User::at(user).checkout(lines)).await? {
        Ok(order) => format!("paid {}", shop.call(order.total()).await?),
        Err(refused) => reason(&refused),
    };
    println!("user {user} buys {}: {outcome}", wanted.join(", "));
    Ok(())
}

fn reason(refused: &Refused) -> String {
    match refused {
        Refused::SoldOut { item, left } => format!("refused, only {left} {item} left"),
        Refused::TooExpensive { total, balance } => format!("refused, costs {total} and there is {balance}"),
    }
}

/// The money that left the users is the value of the goods that left the shelves.
async fn check(shop: &Handle) -> thalweg::Result<()> {
    let mut spent = 0;
    for user in [1, 2] {
        spent += MONEY - shop.call(User::at(user).balance()).await?;
    }
    let mut sold = 0;
    for (name, price, listed) in ITEMS {
        let left = shop.call(item(name).stock()).await?;
        assert!(left <= listed, "{left} {name} on the shelf, more than the {listed} there were");
        sold += price * i64::from(listed - left);
    }
    assert_eq!(spent, sold, "money spent must be the value of the goods sold");
    println!("money spent {spent} = goods sold {sold}");
    Ok(())
}
