//! What a program declares: its classes, their fields, the signatures of their methods.
use super::numbers::Numbers;

pub struct Shape {
    pub classes: Vec<Class>,
    /// How many keys there are in each class.
    pub keys: usize,
    /// The class that `relay` may be told to call.
    pub poked: Option<usize>,
}

pub struct Class {
    pub auto: bool,
    /// The class of the field `r`.
    pub link: usize,
    /// The class of the entries of the field `list`.
    pub list: usize,
    pub methods: Vec<Method>,
}

#[derive(Clone)]
pub struct Method {
    pub name: String,
    pub class: usize,
    pub cuts: bool,
    pub writes: bool,
    /// Whether it takes references from nowhere but its arguments, and calls only such methods.
    pub known: bool,
    /// Whether it panics for some of its arguments; only of methods that make no calls.
    pub fragile: bool,
    pub params: Vec<Param>,
    pub returns: Returns,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Param {
    Number,
    Ref(usize),
    List(usize),
    /// A value of the method's type parameter.
    Given,
    /// One that says which method of that class is called.
    Poke(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    Number,
    Nothing,
    Result,
    Option,
    /// What it was given.
    Given,
}

impl Shape {
    pub fn draw(numbers: &mut Numbers) -> Self {
        let count = 2 + usize::from(numbers.once_in(5));
        let auto = numbers.below(count);
        let classes = (0..count).map(|class| Class {
            auto: class == auto || numbers.once_in(3),
            link: numbers.below(count),
            list: numbers.below(count),
            methods: methods(numbers, class, count),
        });
        let mut classes: Vec<Class> = classes.collect();
        let generic = templates(numbers, &mut classes);
        Self { classes, keys: 5 + numbers.below(5), poked: generic }
    }

    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.classes.iter().flat_map(|class| &class.methods)
    }
}

fn methods(numbers: &mut Numbers, class: usize, classes: usize) -> Vec<Method> {
    let mut methods = Vec::new();
    for place in 0..1 + numbers.below(3) {
        let returns = [
            Returns::Number,
            Returns::Number,
            Returns::Result,
            Returns::Result,
            Returns::Option,
            Returns::Nothing,
        ][numbers.below(6)];
        let count = 1 + numbers.below(3);
        let known = numbers.below(5) < 2;
        let mut params = params(numbers, classes, count);
        if known {
            // Whom it calls has to be among them.
            params.splice(.., [Param::Ref(class), Param::Ref(numbers.below(classes)), Param::Number]);
        }
        methods.push(Method {
            name: format!("m{place}"),
            class,
            cuts: true,
            writes: !numbers.once_in(4),
            known,
            fragile: false,
            params,
            returns,
        });
    }
    for place in 0..1 + usize::from(numbers.once_in(2)) {
        let returns = [Returns::Number, Returns::Number, Returns::Result, Returns::Option, Returns::Nothing]
            [if place > 0 { 4 } else { numbers.below(5) }];
        methods.push(Method {
            name: format!("s{place}"),
            class,
            cuts: false,
            writes: !numbers.once_in(4),
            known: true,
            fragile: numbers.once_in(4),
            params: vec![Param::Number; 1 + numbers.below(2)],
            returns,
        });
    }
    methods
}

/// Generic methods, in some programs; which class has the methods that a `relay` calls.
fn templates(numbers: &mut Numbers, classes: &mut [Class]) -> Option<usize> {
    let count = classes.len();
    let method = |name: &str, class, cuts, writes, params: &[Param], returns| Method {
        name: name.to_owned(),
        class,
        cuts,
        writes,
        known: true,
        fragile: false,
        params: params.to_vec(),
        returns,
    };
    if super::may("generic method") && numbers.once_in(3) {
        let (class, other) = (numbers.below(count), numbers.below(count));
        let given = [Param::Given, Param::Ref(other)];
        let method = method("g0", class, true, !numbers.once_in(4), &given, Returns::Given);
        classes[class].methods.push(Method { known: false, ..method });
    }
    if !super::may("generic method whose callee depends on its type") || !numbers.once_in(3) {
        return None;
    }
    let (class, poked) = (numbers.below(count), numbers.below(count));
    let number = Returns::Number;
    classes[class].methods.push(method("relay", class, true, false, &[Param::Poke(poked)], number));
    classes[poked].methods.push(method("peek", poked, false, false, &[], number));
    classes[poked].methods.push(method("poke", poked, false, true, &[Param::Number], number));
    Some(poked)
}

fn params(numbers: &mut Numbers, classes: usize, count: usize) -> Vec<Param> {
    let draw = |numbers: &mut Numbers| match numbers.below(6) {
        0 | 1 => Param::Number,
        2..=4 => Param::Ref(numbers.below(classes)),
        _ => Param::List(numbers.below(classes)),
    };
    (0..count).map(|_| draw(numbers)).collect()
}

impl Param {
    pub fn name(self, place: usize) -> String {
        match self {
            Self::Number => format!("n{place}"),
            Self::Ref(_) => format!("p{place}"),
            Self::List(_) => format!("l{place}"),
            Self::Given | Self::Poke(_) => format!("t{place}"),
        }
    }
}

impl Returns {
    pub fn ty(self) -> &'static str {
        match self {
            Self::Number => "i64",
            Self::Nothing => "()",
            Self::Result => "Result<i64, i64>",
            Self::Option => "Option<i64>",
            Self::Given => "T",
        }
    }
}
