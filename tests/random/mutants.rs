//! Proof that the tests can fail: mistakes put into a copy of the workspace, each of which the drawn programs must notice,
//! or else the corpus, for what is drawn too rarely.
//!
//! The mutants are the files of `mutants/`; its README says how they are written. All copies share a folder for what
//! is built, so that each costs a few crates and some of the programs.
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// How many programs a mutant has to get past, besides the kept seeds; `THALWEG_RANDOM_PROGRAMS` says otherwise.
const PROGRAMS: &str = "30";

struct Mutant {
    name: String,
    file: String,
    find: String,
    replace: String,
}

impl Mutant {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a mutant can be read");
        let name = path.file_stem().expect("a mutant has a name").to_string_lossy().into_owned();
        let parts = text.split_once("\n== ").and_then(|(_, rest)| {
            let (file, rest) = rest.split_once('\n')?;
            let (find, replace) = rest.split_once("\n== becomes\n")?;
            Some((file.to_owned(), find.to_owned(), replace.trim_end().to_owned()))
        });
        let (file, find, replace) =
            parts.unwrap_or_else(|| panic!("{name}: see mutants/README.md for the form"));
        Self { name, file, find, replace }
    }

    /// The mutated text of its file.
    fn apply(&self, root: &Path) -> String {
        let text = fs::read_to_string(root.join(&self.file)).expect("a mutant names a file that exists");
        let Self { name, file, find, replace } = self;
        let found = occurrences(&text, find);
        assert_eq!(found.len(), 1, "{name}: this must occur once in {file}:\n{find}");
        let Range { start, end } = found[0].clone();
        format!("{}{replace}\n{}", &text[..start], &text[end..])
    }
}

/// Where a text occurs in another, without regard to white space and to commas before a bracket that closes: so a mutant
/// still applies when its lines are broken or indented in another way.
fn occurrences(text: &str, find: &str) -> Vec<Range<usize>> {
    let solid = |text: &str| -> Vec<(usize, char)> {
        let letters: Vec<_> = text.char_indices().filter(|(_, letter)| !letter.is_whitespace()).collect();
        let closes = |place: usize| letters.get(place + 1).is_some_and(|(_, next)| ")]}".contains(*next));
        let kept =
            letters.iter().enumerate().filter(|(place, (_, letter))| *letter != ',' || !closes(*place));
        kept.map(|(_, letter)| *letter).collect()
    };
    let (text, find) = (solid(text), solid(find));
    let same = |window: &[(usize, char)]| window.iter().zip(&find).all(|((_, a), (_, b))| a == b);
    let found = text.windows(find.len().max(1)).filter(|window| same(window));
    let end = |(place, letter): (usize, char)| place + letter.len_utf8();
    found.map(|window| window[0].0..window.last().map_or(0, |last| end(*last))).collect()
}

#[test]
fn the_way_lines_are_broken_is_of_no_account() {
    assert_eq!(occurrences("if a { b() }", "if a {\n    b()\n}"), vec![0..12]);
    assert_eq!(occurrences("x; f(1, 2); f(\n1,\n2,\n);", "f(1, 2)"), vec![3..10, 12..22]);
    assert_eq!(occurrences("f(1, 2)", "f(2, 1)"), Vec::<Range<usize>>::new());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn mutants() -> Vec<Mutant> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants");
    let entries = fs::read_dir(folder).expect("the mutants can be listed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths.iter().map(|path| Mutant::read(path)).collect()
}

/// A mutant whose text has moved proves nothing; this says so on every run of the tests.
#[test]
fn every_mutant_still_applies() {
    for mutant in mutants() {
        assert_ne!(mutant.apply(&root()), "", "{}", mutant.name);
    }
}

#[test]
#[ignore = "builds the workspace once for each mutant: minutes"]
fn every_mutant_is_noticed() {
    let wanted = env::var("THALWEG_MUTANTS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').collect();
    let folder = env::temp_dir().join(format!("thalweg-mutants-{}", std::process::id()));
    let copy = folder.join("workspace");
    copy_workspace(&copy);
    for tests in TESTS {
        let output = tests.notice(&copy, &folder).err().unwrap_or_default();
        assert!(output.is_empty(), "without a mutant there is nothing to notice:\n{output}");
    }
    let mut survivors = Vec::new();
    for mutant in mutants().into_iter().filter(|mutant| wanted.iter().any(|word| mutant.name.contains(word)))
    {
        let path = copy.join(&mutant.file);
        let text = fs::read_to_string(&path).expect("the copy has the file");
        fs::write(&path, mutant.apply(&copy)).expect("the copy can be written");
        let noticed = TESTS.iter().find_map(|tests| tests.notice(&copy, &folder).err());
        fs::write(&path, text).expect("the copy can be written");
        println!("{}: {}", mutant.name, noticed.as_deref().unwrap_or("not noticed"));
        if noticed.is_none_or(|line| line.starts_with(NOT_RUN)) {
            survivors.push(mutant.name);
        }
    }
    fs::remove_dir_all(&folder).expect("the copy can be removed");
    assert!(survivors.is_empty(), "not noticed, or not built: {}", survivors.join(", "));
}

fn copy_workspace(to: &Path) {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git runs");
    let names = String::from_utf8(listed.stdout).expect("the names are text");
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let target = to.join(name);
        fs::create_dir_all(target.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::copy(root().join(name), target).expect("a file can be copied");
    }
}

/// Tests that may notice a mutant, and how the line begins that says what has failed.
struct Tests {
    arguments: &'static [&'static str],
    failed: &'static str,
}

const TESTS: [Tests; 2] = [
    Tests {
        arguments: &["-p", "thalweg-random", "--test", "random", "--", "drawn_programs"],
        failed: "seed ",
    },
    Tests { arguments: &["-p", "thalweg-workspace", "--test", "programs"], failed: "---- " },
];

/// How the line begins that says why tests did not run.
const NOT_RUN: &str = "it did not run";

impl Tests {
    /// Runs them in the copy; the error says which has failed.
    fn notice(&self, copy: &Path, folder: &Path) -> Result<(), String> {
        let programs = env::var("THALWEG_RANDOM_PROGRAMS").unwrap_or_else(|_| PROGRAMS.to_owned());
        let run = Command::new(env!("CARGO"))
            .args(["test", "-j", "1"])
            .args(self.arguments)
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .env("THALWEG_RANDOM_PROGRAMS", programs)
            .output()
            .expect("cargo runs");
        if run.status.success() {
            return Ok(());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let output = text(&run.stdout) + &text(&run.stderr);
        let failed = output.lines().find(|line| line.starts_with(self.failed));
        Err(failed.map_or_else(|| format!("{NOT_RUN}:\n{output}"), str::to_owned))
    }
}
