//! Keys of every kind.

mod keys {
    use serde::{Deserialize, Serialize};
    use thalweg::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub struct Place {
        pub row: u32,
        pub seat: char,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Colour {
        Red,
        Green(u8),
    }

    macro_rules! keyed {
        ($($name:ident($key:ty);)+) => {$(
            #[entity]
            pub struct $name {
                #[key]
                k: $key,
                n: i64,
            }

            #[entity]
            impl $name {
                pub fn open(k: $key) -> Self {
                    Self { k, n: 0 }
                }

                pub fn text(&mut self) -> String {
                    self.n += 1;
                    format!("{:?}", self.k)
                }

                pub async fn other(&mut self, k: $key) -> String {
                    self.n += 1;
                    let other = $name::at(k);
                    if other == $name::at(self.k.clone()) { "same".to_owned() } else { other.text().await }
                }
            }
        )+};
    }

    keyed! {
        ByText(String);
        ByPair((u32, String));
        ByTriple((u8, i16, bool));
        ByPlace(Place);
        ByColour(Colour);
        BySigned(i32);
        ByChar(char);
        ByOption(Option<u8>);
        ByList(Vec<u8>);
        ByBig(u128);
    }
}

use keys::{
    ByBig, ByChar, ByColour, ByList, ByOption, ByPair, ByPlace, BySigned, ByText, ByTriple, Colour, Place,
};

#[test]
fn keys_of_every_kind() {
    let place = |row, seat| ByPlace::at(Place { row, seat });
    script!([ByText, ByPair, ByTriple, ByPlace, ByColour, BySigned, ByChar, ByOption, ByList, ByBig]
        ByText::at("a \"b\"/é".to_owned()).open() => "Ok…",
        ByText::at(String::new()).open() => "Ok…",
        ByText::at(String::new()).other("a \"b\"/é".to_owned()) => r#"Ok("\"a \\\"b\\\"/é\"")"#,
        ByText::at(String::new()).other(String::new()) => r#"Ok("same")"#,
        ByText::at("a".to_owned()).text() => "Err(Missing…",
        ByPair::at((1, "x".to_owned())).open() => "Ok…",
        ByPair::at((1, "y".to_owned())).open() => "Ok…",
        ByPair::at((1, "x".to_owned())).other((1, "y".to_owned())) => r#"Ok("(1, \"y\")")"#,
        ByTriple::at((1, -2, true)).open() => "Ok…",
        ByTriple::at((1, -2, true)).text() => r#"Ok("(1, -2, true)")"#,
        place(1, 'a').open() => "Ok…",
        place(1, 'b').open() => "Ok…",
        place(1, 'a').other(Place { row: 1, seat: 'b' }) => r#"Ok("Place { row: 1, seat: 'b' }")"#,
        place(2, 'a').text() => "Err(Missing…",
        ByColour::at(Colour::Red).open() => "Ok…",
        ByColour::at(Colour::Green(2)).open() => "Ok…",
        ByColour::at(Colour::Red).other(Colour::Green(2)) => r#"Ok("Green(2)")"#,
        BySigned::at(-5).open() => "Ok…",
        BySigned::at(5).open() => "Ok…",
        BySigned::at(-5).other(5) => r#"Ok("5")"#,
        ByChar::at('ß').open() => "Ok…",
        ByChar::at('ß').text() => r#"Ok("'ß'")"#,
        ByOption::at(None).open() => "Ok…",
        ByOption::at(Some(1)).open() => "Ok…",
        ByOption::at(None).other(Some(1)) => r#"Ok("Some(1)")"#,
        ByList::at(vec![]).open() => "Ok…",
        ByList::at(vec![1, 2]).open() => "Ok…",
        ByList::at(vec![]).other(vec![1, 2]) => r#"Ok("[1, 2]")"#,
        ByBig::at(u128::MAX).open() => "Ok…",
        ByBig::at(u128::MAX).text() => r#"Ok("340282366920938463463374607431768211455")"#,
    );
}
