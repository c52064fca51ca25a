//! The exports, pinned; and the page, which must stand alone and give back what was put in.
use crate::build::*;
use crate::{shop::shop, tpcc::tpcc};
use thalweg_graph::{Entity, JsonError, Program, link};

#[test]
fn text() {
    insta::assert_snapshot!(shop().to_text());
    insta::assert_snapshot!("tpcc_text", tpcc().to_text());
}

#[test]
fn dot() {
    insta::assert_snapshot!(shop().to_dot());
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(shop().to_mermaid());
}

#[test]
fn json() {
    insta::assert_snapshot!(shop().to_json());
}

#[test]
fn json_round_trip() {
    for program in [shop(), tpcc()] {
        assert_eq!(Program::from_json(&program.to_json()).unwrap(), program);
    }
}

#[test]
fn json_of_another_version() {
    let error = Program::from_json(r#"{"version": 2, "what": "ever"}"#).unwrap_err();
    assert!(matches!(error, JsonError::Version { found: 2 }));
    assert_eq!(
        error.to_string(),
        "this JSON has version 2, but version 1 is read here; help: export it again"
    );
    assert!(matches!(Program::from_json("[]").unwrap_err(), JsonError::Form(_)));
}

/// The data block of a page.
fn embedded<'a>(page: &'a str, id: &str) -> &'a str {
    let start = format!("<script type=\"application/json\" id=\"{id}\">");
    let (_, rest) = page.split_once(&start).unwrap();
    rest.split_once("</script>").unwrap().0
}

/// Programs the page must show; the last one tries to break out of its data block.
fn shown() -> Vec<Program> {
    let hostile = Entity {
        file: "</script><script>alert(1)</script><!-- {{style}}".to_owned(),
        ..entity("Hostile", vec![read("f", &["x: Option<Ref<A>>"], vec![])])
    };
    vec![
        shop(),
        tpcc(),
        link("</title> & {{program}}", vec![hostile]).unwrap(),
        link("empty", vec![]).unwrap(),
    ]
}

#[test]
fn page_holds_its_program() {
    for program in shown() {
        let page = program.to_html();
        assert_eq!(Program::from_json(embedded(&page, "program")).unwrap(), program);
        assert_eq!(page.matches("</script>").count(), 3);
        assert_eq!(page.matches("</title>").count(), 1);
    }
}

/// The pages are left in cargo's directory for such things, to be looked at.
#[test]
fn page_asks_nothing_of_a_network() {
    for program in shown() {
        let page = program.to_html();
        for address in ["http://", "https://", "@import", "url(//", "src=", "href=", "fetch(", "import("] {
            assert!(!page.contains(address), "{address} in the page of {}", program.name);
        }
        let name: String = program.name.chars().filter(char::is_ascii_alphanumeric).collect();
        std::fs::write(format!("{}/{name}.html", env!("CARGO_TARGET_TMPDIR")), page).unwrap();
    }
}

#[test]
#[should_panic(expected = "a program must come from `link` or `from_json`")]
fn what_is_not_well_formed_is_not_printed() {
    let mut program = shop();
    program.plans.clear();
    let _ = program.to_text();
}
