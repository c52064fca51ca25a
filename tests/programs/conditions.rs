//! Attributes on statements, arms, lists and methods: a call under a `cfg` that does not hold is not there.
use thalweg::prelude::*;

#[entity(auto)]
pub struct Tally {
    #[key]
    id: u64,
    n: i64,
}

#[entity]
impl Tally {
    pub fn new(id: u64) -> Self {
        Self { id, n: id as i64 }
    }
    pub fn n(&self) -> i64 {
        self.n
    }
    pub fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
    #[cfg(test)]
    pub fn which(&self) -> i64 {
        1
    }
    #[cfg(not(test))]
    pub fn which(&self) -> i64 {
        2
    }

    pub async fn absent(&mut self, r: Ref<Tally>) -> i64 {
        #[cfg(any())]
        r.add(100).await;
        #[cfg(any())]
        r.add(100).send();
        #[cfg(any())]
        {
            r.add(100).await;
        }
        #[cfg(any())]
        self.n += r.add(100).await;
        #[cfg(any())]
        if r.n().await > 0 {
            return 0;
        }
        r.n().await
    }

    pub async fn present(&mut self, r: Ref<Tally>) -> i64 {
        #[cfg(test)]
        r.add(100).await;
        #[cfg(test)]
        r.add(10).send();
        #[cfg(test)]
        {
            r.add(1000).await;
        }
        #[cfg(test)]
        self.n += r.n().await;
        #[allow(unused_must_use)]
        r.add(1).await;
        #[allow(clippy::needless_late_init)]
        let n;
        n = r.n().await;
        self.n + n
    }

    pub async fn chosen(&mut self, r: Ref<Tally>) -> i64 {
        #[cfg(any())]
        let first = r.add(1000).await;
        #[cfg(not(any()))]
        let first = r.add(1).await;
        #[cfg(any())]
        #[allow(unused)]
        let Some(_) = Some(r.add(5).await) else { return 0 };
        let second = match first {
            #[cfg(any())]
            _ => r.add(5000).await,
            #[cfg(test)]
            0 => r.add(1).await,
            #[cfg(any())]
            n if r.add(n).await > 0 => 0,
            #[cfg(not(test))]
            n if n > 0 => n,
            _ => r.add(2).await,
        };
        let list = [
            #[cfg(any())]
            r.add(9000).await,
            r.n().await,
            #[cfg(test)]
            r.add(3).await,
        ];
        let pair = Pair {
            #[cfg(any())]
            left: r.add(70).await,
            #[cfg(test)]
            left: r.add(7).await,
            right: self.n,
        };
        first * 10_000 + second * 1_000 + list.iter().sum::<i64>() * 100 + pair.left * 10 + pair.right
    }

    /// Under two conditions at once, inside a branch that is there.
    pub async fn nested(&mut self, r: Ref<Tally>, yes: bool) -> i64 {
        if yes {
            #[cfg(test)]
            {
                #[cfg(any())]
                r.add(1).await;
                #[cfg(not(any()))]
                r.add(2).await;
            }
        } else {
            #[cfg(any())]
            return r.add(4).await;
        }
        r.n().await
    }
}

struct Pair {
    left: i64,
    right: i64,
}

#[test]
fn calls_under_conditions() {
    let (one, two) = (|| Tally::at(1), || Tally::at(2));
    script!([Tally]
        one().which() => "Ok(1)",
        one().absent(two()) => "Ok(2)",
        one().present(two()) => "Ok(2226)", // 1 + 1112, and 1113 from there
        two().n() => "Ok(1113)",
        one().chosen(Tally::at(3)) => "Ok(48773)", // 4, 6, 6 + 9, 16, 1113
        one().nested(two(), true) => "Ok(1115)",
        one().nested(two(), false) => "Ok(1115)",
    );
}

/// The graph has what the code has: nothing of what is compiled out.
#[test]
fn the_graph_of_calls_under_conditions() {
    let program = App::new("tally").entity::<Tally>().graph().expect("the program fits together");
    let tally = &program.entities[0];
    let sites = |name: &str| {
        let method = tally.methods.iter().find(|method| method.name == name).expect("the method is there");
        method.sites.iter().map(|site| site.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(sites("absent"), ["r.n()"]);
    assert_eq!(sites("nested"), ["r.add(2)", "r.n()"]);
    assert_eq!(sites("chosen"), ["r.add(1)", "r.add(1)", "r.add(2)", "r.n()", "r.add(3)", "r.add(7)"]);
    assert_eq!(tally.methods.iter().filter(|method| method.name == "which").count(), 1);
    assert!(!program.to_text().contains("#[cfg"), "{}", program.to_text());
}
