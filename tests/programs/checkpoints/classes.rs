//! A program with other classes than the one that took the checkpoint.
use thalweg::prelude::*;
use thalweg_checkpoint::Location;
use thalweg_log::testing::Power;

mod later {
    use super::*;

    #[entity(auto)]
    pub struct Beta {
        #[key]
        pub id: u64,
        pub n: u64,
    }
    #[entity]
    impl Beta {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn add(&mut self) -> u64 {
            self.n += 1;
            self.n
        }
    }

    #[entity(auto)]
    pub struct Alpha {
        #[key]
        pub id: u64,
        pub n: u64,
    }
    #[entity]
    impl Alpha {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn add(&mut self) -> u64 {
            self.n += 10;
            self.n
        }
    }
}
use later::{Alpha, Beta};

/// Its name stands before that of the class that was there first.
#[test]
fn a_class_that_comes_later_takes_no_other_ones_place() {
    let (disk, store) = (Power::new(), Location::memory());
    let app = |with_alpha: bool| {
        let app = App::new("classes").entity::<Beta>().data_on(disk.clone()).checkpoints_on(store.clone());
        if with_alpha { app.entity::<Alpha>() } else { app }.start().expect("the app starts")
    };
    for life in 1..5 {
        let app = app(life > 1);
        for id in 0..20 {
            // Most of it is in the checkpoint before, and is not written again.
            if life == 1 || id == 3 {
                assert_eq!(app.call_blocking(Beta::at(id).add()), Ok(if id == 3 { life } else { 1 }));
            }
        }
        if life > 1 {
            assert_eq!(app.call_blocking(Alpha::at(3).add()), Ok(10 * (life - 1)));
        }
        app.stop().expect("it stops");
    }
    let app = app(true);
    assert_eq!(app.call_blocking(Beta::at(4).add()), Ok(2));
}
