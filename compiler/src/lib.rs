//! The compiler behind `#[entity]`: tokens → model → { graph, Rust }.
//!
//! A method is emitted as a coroutine whose body is the user's, with two changes: `self` is taken up anew after each
//! call, and each `.await` goes through the engine. rustc cuts it and finds out what each cut has to keep. The
//! stages in `analyse` derive the same cuts as data, for the graph and its access plans.
#![forbid(unsafe_code)]

mod diagnostics;
mod forgotten;
mod hygiene;
mod syntax;
mod options;
mod model;
mod parse;
mod check;
mod analyse;
mod emit;

use diagnostics::Errors;
use proc_macro2::TokenStream;

/// Compiles one item under `#[entity(options)]`: the pipeline on one screen.
///
/// Mistakes become `compile_error!`s beside the user's item, with stand-ins for what would have been generated.
pub fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(parsed) = parse::parse(options, item.clone(), &mut errors) else {
        let (errors, item) = (errors.finish(), parse::without_marks(item));
        return quote::quote!(#errors #item);
    };
    let mut stand_in = None;
    let code = match parsed {
        parse::Parsed::Struct(entity) => {
            forgotten::is_there(&entity.item.ident);
            let unfit = check::entity(&entity, &mut errors);
            emit::entity(&entity, errors.count() > 0, unfit)
        }
        parse::Parsed::Impl(mut methods) => {
            if let Some(plain) = forgotten::forgotten(&methods.name) {
                errors.at(&methods.name, diagnostics::NO_ENTITY);
                let Some(entity) = parse::plain(plain) else { return errors.finish() };
                stand_in = Some(emit::stand_in(&entity));
            }
            let broken = check::methods(&methods, &mut errors);
            if errors.count() > 0 {
                methods.stub_out(&broken);
            }
            let facts = graph(&methods, &mut errors);
            emit::methods(&methods, &facts)
        }
    };
    let errors = errors.finish();
    quote::quote!(#errors #code #stand_in)
}

/// The methods' part of the graph.
fn graph(methods: &model::Methods, errors: &mut Errors) -> Vec<analyse::Facts> {
    let facts = |method: &model::Function| {
        let facts = analyse::all_facts(|| method.analysis(methods));
        if let Err(fault) = &facts.verified {
            errors.at(&method.signature.ident, diagnostics::ill_formed(fault));
        }
        facts
    };
    methods.callable().map(facts).collect()
}

/// What a stage makes of a source file, for people: every `#[entity]` item of it.
///
/// # Errors
/// When the file does not parse, or there is no such stage.
pub fn print(stage: &str, source: &str) -> syn::Result<String> {
    let file = syn::parse_file(source)?;
    let mut out = String::new();
    for (options, item) in parse::entities(file.items) {
        match stage {
            "rust" => {
                let code = syn::parse2(expand(options, item))?;
                out.push_str(&prettyplease::unparse(&code));
            }
            "cfg" | "live" | "machine" => out.push_str(&analysed(stage, options, item)?),
            _ => {
                let text = format!("no stage is called `{stage}`; there are cfg, live, machine and rust");
                return Err(syn::Error::new(proc_macro2::Span::call_site(), text));
            }
        }
    }
    Ok(out)
}

fn analysed(stage: &str, options: TokenStream, item: TokenStream) -> syn::Result<String> {
    let mut errors = Errors::default();
    let parsed = parse::parse(options, item, &mut errors);
    errors.into_result()?;
    let Some(parse::Parsed::Impl(methods)) = parsed else { return Ok(String::new()) };
    let mut out = String::new();
    for method in methods.callable() {
        let input = method.analysis(&methods);
        out.push_str(&match stage {
            "machine" => analyse::print::machine(&analyse::method(input)),
            "cfg" => analyse::print::cfg(&analyse::lower(&input)),
            _ => analyse::print::live(&analyse::lower(&input)),
        });
    }
    Ok(out)
}
