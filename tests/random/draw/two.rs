//! One piece of a program in its two renderings: the entity's method, and plain synchronous Rust.

#[derive(Clone, Debug, Default)]
pub struct Two {
    pub entity: String,
    pub plain: String,
}

impl Two {
    pub fn new(entity: impl Into<String>, plain: impl Into<String>) -> Self {
        Self { entity: entity.into(), plain: plain.into() }
    }

    pub fn push(&mut self, more: &Self) {
        self.entity.push_str(&more.entity);
        self.plain.push_str(&more.plain);
    }

    /// Whether the method is cut here.
    pub fn cuts(&self) -> bool {
        self.entity.contains(".await")
    }

    /// Whether a synchronous method of `self` is called in it.
    pub fn calls_own(&self) -> bool {
        ["self.s0(", "self.s1(", "self.peek(", "self.poke("].iter().any(|call| self.entity.contains(call))
    }
}

/// What may stand in a `two!`.
pub trait Side {
    fn entity(&self) -> String;
    fn plain(&self) -> String;
}

impl Side for Two {
    fn entity(&self) -> String {
        self.entity.clone()
    }
    fn plain(&self) -> String {
        self.plain.clone()
    }
}

impl<T: Side + ?Sized> Side for &T {
    fn entity(&self) -> String {
        (**self).entity()
    }
    fn plain(&self) -> String {
        (**self).plain()
    }
}

macro_rules! same_on_both_sides {
    ($($ty:ty),+) => {
        $(impl Side for $ty {
            fn entity(&self) -> String {
                self.to_string()
            }
            fn plain(&self) -> String {
                self.to_string()
            }
        })+
    };
}
same_on_both_sides!(str, String, usize);

/// As `format!` with only `{}`, on both sides at once; every part is drawn once.
macro_rules! two {
    ($format:literal $(, $part:expr)* $(,)?) => {
        $crate::draw::two::fill($format, &[$(&$part),*])
    };
}
pub(crate) use two;

pub fn fill(format: &str, parts: &[&dyn Side]) -> Two {
    let mut out = Two::default();
    let mut parts = parts.iter();
    let mut rest = format;
    while let Some(place) = rest.find(['{', '}']) {
        let (text, brace) = rest.split_at(place);
        let doubled = brace.starts_with("{{") || brace.starts_with("}}");
        if doubled {
            out.push(&Two::new(format!("{text}{}", &brace[..1]), format!("{text}{}", &brace[..1])));
        } else {
            let part = parts.next().expect("as many parts as places");
            out.push(&Two::new(format!("{text}{}", part.entity()), format!("{text}{}", part.plain())));
        }
        rest = &brace[2..];
    }
    assert!(parts.next().is_none(), "a part without a place");
    out.push(&Two::new(rest, rest));
    out
}
