//! Who an entity is: its key never changes, whatever a method does with it.

mod cart {
    use thalweg::prelude::*;

    #[entity]
    #[derive(Default, Debug)]
    pub struct Cart {
        #[key]
        id: u64,
        items: Vec<u64>,
    }

    #[entity]
    impl Cart {
        pub fn make(id: u64) -> Self {
            Self { id, items: vec![1] }
        }
        pub fn items(&self) -> Vec<u64> {
            self.items.clone()
        }
        pub fn put(&mut self, items: Vec<u64>) -> usize {
            self.items.extend(items);
            self.items.len()
        }
        pub fn rekey(&mut self, id: u64) {
            self.id = id;
        }
        pub fn clear(&mut self) -> usize {
            std::mem::take(self).items.len()
        }
        pub fn reset(&mut self) {
            *self = Self::default();
        }
        pub fn swap(&mut self) {
            std::mem::swap(self, &mut Self::make(77));
        }
        pub fn through_a_helper(&mut self) {
            fn help(cart: &mut Cart) {
                *cart = std::mem::replace(cart, Cart::make(78));
                cart.id += 1;
            }
            help(self);
        }
        /// Changed and changed back.
        pub fn there_and_back(&mut self) -> u64 {
            let id = std::mem::replace(&mut self.id, 500);
            self.items.push(self.id);
            self.id = id;
            self.id
        }
        pub async fn move_to(&mut self, to: Ref<Cart>) -> usize {
            let old = std::mem::take(self);
            to.put(old.items).await
        }
        pub async fn after_a_call(&mut self, to: Ref<Cart>) -> usize {
            let there = to.put(vec![9]).await;
            self.id += 1;
            there
        }
        pub async fn told(&mut self, to: Ref<Cart>) {
            self.items.clear();
            to.put(vec![9]).send();
            *self = Self::default();
        }
        /// What stands after the failed call is never run.
        pub async fn of_another(&mut self, other: Ref<Cart>) -> usize {
            self.items.push(2);
            other.rekey(9).await;
            panic!("went on after a failed call")
        }
        pub async fn of_a_caller(&mut self, other: Ref<Cart>) -> usize {
            self.items.push(3);
            other.after_a_call(Cart::at(5)).await;
            panic!("went on after a failed call")
        }
        pub async fn joined(&mut self, a: Ref<Cart>, b: Ref<Cart>) -> (usize, ()) {
            let both = join((a.put(vec![4]), b.rekey(9))).await;
            panic!("went on with {both:?}")
        }
        /// Which cart is touched, no argument says.
        pub async fn found(&mut self, n: u64) -> usize {
            let to = Cart::at(self.items.len() as u64 + n);
            let there = to.put(vec![6]).await;
            to.clear().await;
            there
        }
    }
}

mod plot {
    use thalweg::prelude::*;

    #[derive(
        Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, Default,
    )]
    pub struct Place {
        pub town: u32,
        pub street: Vec<String>,
    }

    /// Placed by a part of its key.
    #[entity(auto, partition = "key.town")]
    pub struct Plot {
        #[key]
        place: Place,
        trees: u32,
    }

    #[entity]
    impl Plot {
        pub fn new(place: Place) -> Self {
            Self { place, trees: 1 }
        }
        pub fn plant(&mut self) -> u32 {
            self.trees += 1;
            self.trees
        }
        pub fn rename(&mut self, street: String) {
            self.trees = 0;
            self.place.street.push(street);
        }
        pub async fn move_house(&mut self, other: Ref<Plot>) -> u32 {
            self.place.town += 1;
            other.plant().await
        }
    }

    pub fn plot(town: u32) -> Ref<Plot> {
        Plot::at(Place { town, street: vec!["Elm".into()] })
    }
}

mod guest {
    use std::cmp::Ordering;
    use std::hash::{Hash, Hasher};
    use thalweg::prelude::*;

    /// Names that differ in case alone are one name.
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    pub struct Name(pub String);

    impl Name {
        fn folded(&self) -> String {
            self.0.to_lowercase()
        }
    }
    impl PartialEq for Name {
        fn eq(&self, other: &Self) -> bool {
            self.folded() == other.folded()
        }
    }
    impl Eq for Name {}
    impl PartialOrd for Name {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Name {
        fn cmp(&self, other: &Self) -> Ordering {
            self.folded().cmp(&other.folded())
        }
    }
    impl Hash for Name {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.folded().hash(state);
        }
    }

    #[entity(auto)]
    pub struct Guest {
        #[key]
        name: Name,
        visits: u32,
    }

    #[entity]
    impl Guest {
        pub fn new(name: Name) -> Self {
            Self { name, visits: 0 }
        }
        /// Another spelling of the same key is the same key.
        pub fn spell(&mut self, name: String) -> u32 {
            self.name = Name(name);
            self.visits += 1;
            self.visits
        }
    }

    pub fn guest(name: &str) -> Ref<Guest> {
        Guest::at(Name(name.into()))
    }
}

use cart::Cart;
use guest::{Guest, guest};
use plot::{Plot, plot};
use thalweg::Error;
use thalweg::prelude::*;

fn cart(id: u64) -> Ref<Cart> {
    Cart::at(id)
}

#[test]
fn a_changed_key_undoes_the_transaction() {
    script!([Cart]
        cart(1).make() => "Ok(())",
        cart(2).make() => "Ok(())",
        cart(1).rekey(300) => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"300\" })",
        cart(1).rekey(1) => "Ok(())",
        cart(300).exists() => "Ok(false)",
        cart(1).clear() => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"0\" })",
        cart(1).reset() => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"0\" })",
        cart(1).swap() => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"77\" })",
        cart(1).through_a_helper() => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"2\" })",
        cart(1).items() => "Ok([1])",
        cart(1).there_and_back() => "Ok(1)",
        cart(1).items() => "Ok([1, 500])",
        cart(0).make() => "Ok(())",
        cart(0).clear() => "Ok(1)",
        cart(0).items() => "Ok([])";
        state { "Cart": {
            "0": { "id": 0, "items": [] }, "1": { "id": 1, "items": [1, 500] }, "2": { "id": 2, "items": [1] }
        } }
    );
}

#[test]
fn so_it_does_around_calls() {
    script!([Cart]
        cart(1).make() => "Ok(())",
        cart(2).make() => "Ok(())",
        cart(3).make() => "Ok(())",
        cart(1).move_to(cart(2)) => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"0\" })",
        cart(1).after_a_call(cart(2)) => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"2\" })",
        cart(2).after_a_call(cart(1)) => "Err(WrongKey { entity: \"Cart\", key: \"2\", made: \"3\" })",
        cart(1).told(cart(2)) => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"0\" })",
        cart(1).of_another(cart(2)) => "Err(WrongKey { entity: \"Cart\", key: \"2\", made: \"9\" })",
        cart(1).of_another(cart(1)) => "Err(WrongKey { entity: \"Cart\", key: \"1\", made: \"9\" })",
        cart(1).of_a_caller(cart(2)) => "Err(Missing { entity: \"Cart\", key: \"5\" })",
        cart(5).make() => "Ok(())",
        cart(1).of_a_caller(cart(2)) => "Err(WrongKey { entity: \"Cart\", key: \"2\", made: \"3\" })",
        cart(1).joined(cart(2), cart(3)) => "Err(WrongKey { entity: \"Cart\", key: \"3\", made: \"9\" })",
        cart(1).found(1) => "Err(WrongKey { entity: \"Cart\", key: \"2\", made: \"0\" })",
        cart(1).found(2) => "Err(WrongKey { entity: \"Cart\", key: \"3\", made: \"0\" })";
        state { "Cart": {
            "1": { "id": 1, "items": [1] }, "2": { "id": 2, "items": [1] }, "3": { "id": 3, "items": [1] },
            "5": { "id": 5, "items": [1] }
        } }
    );
}

#[test]
fn every_part_of_a_key_counts_and_equality_is_the_keys_own() {
    script!([Plot, Guest]
        plot(1).plant() => "Ok(2)",
        plot(1).rename("Oak".into()) => "Err(WrongKey { entity: \"Plot\", …",
        plot(1).move_house(plot(2)) => "Err(WrongKey { entity: \"Plot\", …",
        plot(1).move_house(plot(1)) => "Err(WrongKey { entity: \"Plot\", …",
        plot(2).rename("Oak".into()) => "Err(WrongKey { entity: \"Plot\", …",
        plot(1).plant() => "Ok(3)",
        plot(2).exists() => "Ok(false)",
        guest("Ada").spell("ADA".into()) => "Ok(1)",
        guest("ada").spell("Ada".into()) => "Ok(2)",
        guest("ada").spell("Bob".into()) => "Err(WrongKey { entity: \"Guest\", key: \"ada\", made: \"Bob\" })",
        guest("ADA").spell("ada".into()) => "Ok(3)";
        state {
            "Plot": { "{\"street\":[\"Elm\"],\"town\":1}": {
                "place": { "town": 1, "street": ["Elm"] }, "trees": 3
            } },
            "Guest": { "ada": { "name": "ada", "visits": 3 } }
        }
    );
}

#[test]
fn the_error_says_what_to_do() {
    let app = App::new("carts").entity::<Cart>().start().expect("the program starts");
    app.call_blocking(cart(1).make()).expect("there is room for a cart");
    let error = app.call_blocking(cart(1).rekey(2)).expect_err("the key may not change");
    assert_eq!(error, Error::WrongKey { entity: "Cart", key: "1".into(), made: "2".into() });
    assert_eq!(
        error.to_string(),
        "Cart 1 was given the key 2; a constructor takes the key of its reference, and no method changes it: to move \
         a state, create the other entity and remove this one"
    );
}

mod alike {
    use std::cmp::Ordering;
    use std::hash::{Hash, Hasher};
    use thalweg::prelude::*;

    macro_rules! counted {
        ($name:ident, $key:ty) => {
            #[entity(auto)]
            pub struct $name {
                #[key]
                key: $key,
                n: u64,
            }
            #[entity]
            impl $name {
                pub fn new(key: $key) -> Self {
                    Self { key, n: 0 }
                }
                pub fn add(&mut self, by: u64) -> u64 {
                    self.n += by;
                    self.n
                }
            }
        };
    }
    counted!(Name, Option<String>);
    counted!(Either, OneOf);
    counted!(Point, Real);
    counted!(Quiet, Mute);

    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
    #[serde(untagged)]
    pub enum OneOf {
        Number(u8),
        Text(String),
    }

    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    pub struct Real(pub f64);
    impl PartialEq for Real {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other) == Ordering::Equal
        }
    }
    impl Eq for Real {}
    impl PartialOrd for Real {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Real {
        fn cmp(&self, other: &Self) -> Ordering {
            self.0.total_cmp(&other.0)
        }
    }
    impl Hash for Real {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.to_bits().hash(state);
        }
    }

    /// Neither JSON nor `Debug` shows what it is.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
    pub struct Mute {
        #[serde(skip)]
        pub n: u8,
    }
    impl std::fmt::Debug for Mute {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Mute")
        }
    }
}

use alike::{Either, Mute, Name, OneOf, Point, Quiet, Real};

#[test]
fn entities_whose_keys_read_alike_are_all_shown() {
    script!(in memory [Name, Either, Point, Quiet]
        Name::at(None).add(1) => "Ok(1)",
        Name::at(Some("null".into())).add(2) => "Ok(2)",
        Name::at(Some("plain".into())).add(3) => "Ok(3)",
        Name::at(Some("None".into())).add(4) => "Ok(4)",
        Either::at(OneOf::Number(1)).add(1) => "Ok(1)",
        Either::at(OneOf::Text("1".into())).add(2) => "Ok(2)",
        Either::at(OneOf::Number(2)).add(3) => "Ok(3)",
        Point::at(Real(f64::NAN)).add(1) => "Ok(1)",
        Point::at(Real(f64::INFINITY)).add(2) => "Ok(2)",
        Point::at(Real(f64::NEG_INFINITY)).add(3) => "Ok(3)",
        Point::at(Real(0.5)).add(4) => "Ok(4)",
        Quiet::at(Mute { n: 3 }).add(3) => "Ok(3)",
        Quiet::at(Mute { n: 1 }).add(1) => "Ok(1)",
        Quiet::at(Mute { n: 2 }).add(2) => "Ok(2)";
        state {
            "Name": {
                "None": { "key": "None", "n": 4 }, "None #1": { "key": null, "n": 1 },
                "Some(\"null\") #2": { "key": "null", "n": 2 }, "plain": { "key": "plain", "n": 3 }
            },
            "Either": {
                "2": { "key": 2, "n": 3 }, "Number(1)": { "key": 1, "n": 1 }, "Text(\"1\")": { "key": "1", "n": 2 }
            },
            "Point": {
                "0.5": { "key": 0.5, "n": 4 }, "Real(-inf)": { "key": null, "n": 3 },
                "Real(NaN)": { "key": null, "n": 1 }, "Real(inf)": { "key": null, "n": 2 }
            },
            "Quiet": {
                "Mute #1": { "key": {}, "n": 1 }, "Mute #2": { "key": {}, "n": 2 },
                "Mute #3": { "key": {}, "n": 3 }
            }
        }
    );
}

mod chance {
    use thalweg::prelude::*;

    #[entity(auto)]
    pub struct Login {
        #[key]
        id: u64,
        token: u64,
    }
    #[entity]
    impl Login {
        pub fn new(id: u64) -> Self {
            Self { id, token: 0 }
        }
        pub fn token(&mut self) -> (thalweg::TransactionId, u64) {
            self.token = thalweg::random();
            (thalweg::transaction(), self.token)
        }
    }
}

#[test]
fn chance_is_another_at_every_start_and_comes_again_with_its_seed() {
    use chance::Login;
    let app = |workers| App::new("l").entity::<Login>().workers(workers);
    let draw = |app: App| {
        let app = app.start().expect("the program starts");
        let tokens = [app.clone(), app.clone(), app.clone()].map(|handle| {
            let (id, token) = handle.call_blocking(Login::at(7).token()).expect("it comes to be");
            let _: u64 = id.handle;
            (id.to_string(), token)
        });
        assert_eq!(tokens.each_ref().map(|(id, _)| id.as_str()), ["0.1.0", "0.2.0", "0.3.0"]);
        (app.seed(), tokens)
    };
    let mut all = std::collections::BTreeSet::new();
    for workers in crate::harness::WORKERS {
        let ((seed, first), (other, second)) = (draw(app(workers)), draw(app(workers)));
        assert_ne!(seed, other);
        assert_eq!(draw(app(5 - workers).seed(seed)), (seed, first.clone()));
        all.extend(first.into_iter().chain(second).map(|(_, token)| token));
    }
    assert_eq!(all.len(), 18, "no number came twice");
}
