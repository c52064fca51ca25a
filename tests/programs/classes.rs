//! Classes are told apart by their types: names may come twice, and a class that an app does not have is an error.

pub mod shop {
    use thalweg::prelude::*;

    #[entity(auto)]
    pub struct Order {
        #[key]
        id: u64,
        sum: u64,
    }
    #[entity]
    impl Order {
        pub fn new(id: u64) -> Self {
            Self { id, sum: 0 }
        }
        pub fn add(&mut self, x: u64) -> u64 {
            self.sum += x;
            self.sum
        }
    }
}

pub mod kitchen {
    use thalweg::prelude::*;

    #[entity(auto)]
    pub struct Order {
        #[key]
        id: u64,
        plates: u64,
    }
    #[entity]
    impl Order {
        pub fn new(id: u64) -> Self {
            Self { id, plates: 0 }
        }
        pub fn cook(&mut self) -> u64 {
            self.plates += 1;
            self.plates
        }
        pub async fn serve(&mut self, paid: Ref<super::shop::Order>) -> u64 {
            self.plates = 0;
            paid.add(9).await
        }
        /// The two of one number.
        pub async fn both(&self, k: Ref<Self>, s: Ref<super::shop::Order>) -> (u64, u64) {
            join((k.cook(), s.add(1))).await
        }
    }

    /// Another one with the name, further in.
    pub mod shop {
        use thalweg::prelude::*;

        #[entity(auto)]
        pub struct Order {
            #[key]
            id: u64,
        }
        #[entity]
        impl Order {
            pub fn new(id: u64) -> Self {
                Self { id }
            }
            pub fn id(&self) -> u64 {
                self.id
            }
        }
    }
}

pub mod named {
    use thalweg::prelude::*;

    #[entity(auto, name = "till.Order")]
    pub struct Order {
        #[key]
        id: u64,
    }
    #[entity]
    impl Order {
        pub fn new(id: u64) -> Self {
            Self { id }
        }
        pub fn id(&self) -> u64 {
            self.id
        }
    }

    #[entity(auto, name = "Order")]
    pub struct Invoice {
        #[key]
        id: u64,
    }
    #[entity]
    impl Invoice {
        pub fn new(id: u64) -> Self {
            Self { id }
        }
        pub fn id(&self) -> u64 {
            self.id
        }
    }
}

use harness::show;
use serde_json::json;
use thalweg::Error;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;

use crate::harness;

/// Both, in either order of registration.
fn both(swapped: bool) -> App {
    let app = App::new("x");
    if swapped {
        app.entity::<kitchen::Order>().entity::<shop::Order>()
    } else {
        app.entity::<shop::Order>().entity::<kitchen::Order>()
    }
}

#[test]
fn two_classes_of_one_name_live_side_by_side() {
    script!([shop::Order, kitchen::Order]
        shop::Order::at(1).add(5) => "Ok(5)",
        kitchen::Order::at(1).cook() => "Ok(1)",
        kitchen::Order::at(1).cook() => "Ok(2)",
        kitchen::Order::at(2).cook() => "Ok(1)",
        kitchen::Order::at(2).serve(shop::Order::at(1)) => "Ok(14)",
        kitchen::Order::at(3).both(kitchen::Order::at(1), shop::Order::at(1)) => "Ok((3, 15))",
        shop::Order::at(2).exists() => "Ok(false)";
        state {
            "shop::Order": { "1": { "id": 1, "sum": 15 } },
            "kitchen::Order": {
                "1": { "id": 1, "plates": 3 }, "2": { "id": 2, "plates": 0 }, "3": { "id": 3, "plates": 0 }
            }
        }
    );
}

#[test]
fn names_are_the_same_in_graph_counts_and_state_whatever_the_order_of_registration() {
    for workers in harness::WORKERS {
        let mut graphs = Vec::new();
        for swapped in [false, true] {
            let app = both(swapped).workers(workers).start().expect("the program starts");
            app.call_blocking(kitchen::Order::at(1).serve(shop::Order::at(7))).expect("both are there");
            let counts = app.method_counts();
            assert_eq!(counts.len(), 1);
            assert_eq!(counts[0].method, ("kitchen::Order".to_owned(), "serve".to_owned()));
            assert!(counts[0].reasons.is_empty(), "{counts:?}");
            let graph = app.graph();
            graph.verify().expect("well formed");
            let names: Vec<_> = graph.entities.iter().map(|entity| entity.name.as_str()).collect();
            assert_eq!(names, ["kitchen::Order", "shop::Order"]);
            graphs.push((
                graph.to_json(),
                graph.to_text(),
                graph.to_mermaid(),
                graph.to_dot(),
                graph.to_html(),
            ));
        }
        assert_eq!(graphs[0], graphs[1]);
    }
}

#[test]
fn as_much_of_a_path_is_shown_as_tells_classes_apart() {
    let app = both(false).entity::<kitchen::shop::Order>().entity::<named::Order>();
    let graph = app.graph().expect("four classes");
    let names: Vec<_> = graph.entities.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(names, ["classes::shop::Order", "kitchen::Order", "kitchen::shop::Order", "till.Order"]);
}

#[test]
fn a_name_that_is_written_is_that_of_no_other() {
    let error = App::new("x").entity::<shop::Order>().entity::<named::Invoice>().start().map(drop);
    let Err(Error::Start(text)) = error else { panic!("{error:?}") };
    assert!(
        text.starts_with("two entities are named `Order`, at tests/") && text.contains("/classes.rs:"),
        "{text}"
    );
    assert!(text.contains("; help: give one of them another name with `#[entity(name = \"..\")]`"), "{text}");
    let app = App::new("x").entity::<named::Order>().entity::<shop::Order>().start().expect("two names");
    app.call_blocking(named::Order::at(1).id()).expect("it comes to be");
    assert_eq!(app.inspect().expect("runs"), json!({ "till.Order": { "1": { "id": 1 } } }));
    let missing = format!("{:?}", named::Order::at(1));
    assert_eq!(missing, "till.Order(1)");
}

mod inner {
    use thalweg::prelude::*;

    /// Two classes of one name in two blocks of one function, and one in another function.
    pub fn start() -> (thalweg::graph::Program, Vec<String>) {
        let app = App::new("inner");
        let (app, first) = {
            #[entity(auto)]
            pub struct Spot {
                #[key]
                id: u8,
            }
            #[entity]
            impl Spot {
                pub fn new(id: u8) -> Self {
                    Self { id }
                }
                pub fn first(&self) -> u8 {
                    self.id
                }
            }
            (app.entity::<Spot>(), || Spot::at(1).first())
        };
        let (app, second) = {
            #[entity(auto)]
            pub struct Spot {
                #[key]
                id: u8,
            }
            #[entity]
            impl Spot {
                pub fn new(id: u8) -> Self {
                    Self { id }
                }
                pub fn second(&self) -> u8 {
                    self.id + 1
                }
            }
            (app.entity::<Spot>(), || Spot::at(1).second())
        };
        let app = other(app).start().expect("three classes");
        let answers = vec![app.call_blocking(first()), app.call_blocking(second())];
        (app.graph().clone(), answers.into_iter().map(|answer| format!("{answer:?}")).collect())
    }

    fn other(app: App) -> App {
        #[entity]
        pub struct Spot {
            #[key]
            id: u8,
        }
        #[entity]
        impl Spot {
            pub fn make(id: u8) -> Self {
                Self { id }
            }
        }
        app.entity::<Spot>()
    }
}

#[test]
fn entities_inside_functions_have_names_too() {
    let (graph, answers) = inner::start();
    assert_eq!(answers, ["Ok(1)", "Ok(2)"]);
    let names: Vec<_> = graph.entities.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert!(names[1].contains("inner::start::Spot at tests/") && names[1] < names[2], "{names:?}");
    assert_eq!(names[0], "other::Spot");
}

mod asks {
    use super::kitchen;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use thalweg::prelude::*;

    pub trait Ask: Serialize + DeserializeOwned + Clone + Send + 'static {
        fn ask(&self) -> impl thalweg::Awaitable<Output = u64>;
    }
    #[derive(Clone, Serialize, serde::Deserialize)]
    pub struct Cook(pub u64);
    impl Ask for Cook {
        fn ask(&self) -> impl thalweg::Awaitable<Output = u64> {
            kitchen::Order::at(self.0).cook()
        }
    }

    #[entity(auto)]
    pub struct Desk {
        #[key]
        id: u64,
        asked: u64,
    }
    #[entity]
    impl Desk {
        pub fn new(id: u64) -> Self {
            Self { id, asked: 0 }
        }
        pub async fn ask<T: Ask>(&mut self, what: T) -> u64 {
            self.asked += 1;
            what.ask().await
        }
    }
}

/// The error of a class that the app does not have.
fn stranger() -> Error {
    let path = std::any::type_name::<kitchen::Order>();
    Error::NotInApp { entity: "Order", path, app: "x".to_owned() }
}

#[test]
fn a_class_that_the_app_does_not_have_is_an_error_at_the_call() {
    for workers in harness::WORKERS {
        let app = App::new("x").entity::<shop::Order>().workers(workers).start().expect("the program starts");
        assert_eq!(app.call_blocking(shop::Order::at(1).add(5)), Ok(5));
        assert_eq!(app.call_blocking(kitchen::Order::at(1).cook()), Err(stranger()));
        assert_eq!(app.call_blocking(kitchen::Order::at(1).exists()), Err(stranger()));
        assert_eq!(app.submit(kitchen::Order::at(1).cook()).map(drop), Err(stranger()));
        assert_eq!(app.submit_waiting(kitchen::Order::at(1).cook()).map(drop), Err(stranger()));
        let batch = || [1, 2].map(|id| kitchen::Order::at(id).cook());
        assert_eq!(app.submit_all(batch()).map(drop), Err(stranger()));
        assert_eq!(app.submit_all_waiting(batch()).map(drop), Err(stranger()));
        assert_eq!(app.inspect(), Ok(json!({ "Order": { "1": { "id": 1, "sum": 5 } } })));
        assert_eq!(app.counts().committed + app.counts().aborted, 1);
    }
    let simulation =
        App::new("x").entity::<shop::Order>().workers(2).simulate(Schedule { seed: 1, epoch: 2 });
    let simulation = simulation.expect("the program fits together");
    assert_eq!(simulation.handle().submit(kitchen::Order::at(1).cook()).map(drop), Err(stranger()));
    let text = stranger().to_string();
    assert!(
        text.starts_with("Order (") && text.contains("kitchen::Order) is not part of the app `x`"),
        "{text}"
    );
    assert!(text.ends_with("; register it with `.entity::<Order>()`"), "{text}");
}

#[test]
fn so_it_is_inside_a_transaction_that_nobody_foresaw() {
    for workers in harness::WORKERS {
        let app = App::new("x").entity::<asks::Desk>().entity::<shop::Order>().workers(workers);
        let app = app.start().expect("the program starts");
        for id in 0..6 {
            assert_eq!(app.call_blocking(asks::Desk::at(id).ask(asks::Cook(id + 1))), Err(stranger()));
        }
        assert_eq!(app.inspect(), Ok(json!({})), "nothing is left of it, at {workers} workers");
        let counts = app.method_counts();
        assert_eq!((counts.len(), counts[0].aborted), (1, 6));
        assert_eq!(counts[0].method, ("Desk".to_owned(), "ask".to_owned()));
        let app = App::new("x").entity::<asks::Desk>().entity::<kitchen::Order>().workers(workers);
        let app = app.start().expect("the program starts");
        for id in 0..6 {
            assert_eq!(
                show(app.call_blocking(asks::Desk::at(id).ask(asks::Cook(1)))),
                format!("Ok({})", id + 1)
            );
        }
        let counts = app.method_counts();
        assert_eq!((counts.len(), counts[0].committed), (1, 6));
        assert_eq!(counts[0].method, ("Desk".to_owned(), "ask".to_owned()));
        assert!(counts[0].reasons[0].starts_with("it is generic, and with these types"), "{counts:?}");
    }
}
