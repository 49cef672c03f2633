//! What the documents tell people to type exists.

use crate::desk::{Desk, browse};
use crate::harness::{USER, postrider};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document, and the help of every subcommand.
fn texts() -> Vec<(String, String)> {
    let files = ["docs", "docs/accounts"].into_iter().flat_map(|folder| {
        let files = fs::read_dir(root().join(folder)).expect("a folder").flatten();
        files.map(|file| file.path()).collect::<Vec<_>>()
    });
    let documents = files.chain([root().join("README.md")]).filter(|path| path.is_file());
    let mut texts: Vec<_> = documents
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text")))
        .collect();
    for (name, help) in helps() {
        texts.push((format!("{name} --help"), help));
    }
    texts
}

fn help(subcommand: &str) -> String {
    let output = postrider().args([subcommand, "--help"]).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text")
}

fn helps() -> BTreeMap<String, String> {
    let output = postrider().arg("--help").output().expect("it runs");
    let whole = String::from_utf8(output.stdout).expect("text");
    let (_, list) = whole.split_once("Commands:\n").expect("subcommands");
    let names = list.lines().take_while(|line| !line.is_empty());
    let names =
        names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(|name| (name.to_owned(), help(name))).collect()
}

#[test]
fn every_option_that_a_document_shows_exists() {
    let helps = helps();
    let mut found = 0;
    for (place, text) in texts() {
        let joined = text.replace("\\\n", " ");
        for line in joined.lines() {
            let Some((_, command)) = line.split_once("postrider ") else { continue };
            // In running text only what stands between backticks.
            let command = command.split(['`', '|', ';', '#']).next().unwrap_or_default();
            let mut words = command.split_whitespace();
            let Some(help) = words.next().and_then(|name| helps.get(name)) else { continue };
            for option in words.filter(|word| word.starts_with("--")) {
                let option = option.trim_end_matches([',', '.', ':', ')']);
                assert!(help.contains(option), "{place}: {line}: {option}");
                found += 1;
            }
        }
    }
    assert!(found > 60, "{found}");
}

/// Its file describes a provider completely: the address for the browser needs no look-up.
#[test]
fn the_provider_of_the_guide_can_be_used_as_it_stands() {
    let guide = fs::read_to_string(root().join("docs/accounts/others.md")).expect("text");
    let (_, json) = guide.split_once("```json\n").expect("a file");
    let desk = Desk::new(&[]);
    let file = desk.file("providers.json", json.split("```").next().expect("an end"));
    let store = desk.store();
    let known = ["login", "--provider", "seznam", "--providers-file", &file, "--client-id", "x"];
    let more = ["--user", USER, "--store", &store, "--no-browser", "--timeout", "1"];
    let mut login = desk.start(&[&known[..], &more].concat());
    let address = login.shown_address();
    assert!(address.starts_with("https://login.seznam.cz/api/v1/oauth/auth?"), "{address}");
    login.end().exits(5);
}

/// With the ports of this run, and a browser that is raw HTTP.
#[test]
fn what_the_document_tells_to_try_works() {
    let document = fs::read_to_string(root().join("docs/command.md")).expect("text");
    let (_, section) = document.split_once("## Try it").expect("a section");
    let mut blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next());
    let mut next = || blocks.next().flatten().expect("a block").replace("\\\n", " ");
    let start = next();
    let desk = Desk::new(&[]);
    let server = format!("localhost:{}", desk.sandbox.ready["smtps_port"]);
    assert!(start.contains("--token-port 8025") && start.contains("--tls-port 8465"), "{start}");
    let lines = next()
        .replace("http://127.0.0.1:8025", desk.sandbox.issuer())
        .replace("localhost:8465", &server)
        .replace("try/ca.pem", desk.sandbox.ready["ca_file"].as_str().expect("a file"));
    let mut lines = lines.lines().map(words);
    let mut run = || {
        let line = lines.next().expect("a line");
        desk.start(&line.iter().map(String::as_str).collect::<Vec<_>>()[1..])
    };
    let mut login = run();
    let url = login.shown_address();
    let page = desk.press(&url, USER, "sign-in");
    browse(page.header("Location").expect("an address"));
    login.end().exits(0);
    run().end().exits(0).says("S: 250");
    assert!(desk.sandbox.file("0001.eml").exists());
    run().end().exits(0).says("signed out");
}

/// As a shell takes a line apart that has single quotes at the most.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}
