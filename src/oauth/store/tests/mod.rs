//! The stores as an account object uses them, and what they withstand.
//!
//! - `processes`  several processes at one store, and one that is killed while it saves
//! - `files`      permissions, links, damage, a disk that takes nothing

#[cfg(unix)]
mod files;
#[cfg(unix)]
mod processes;

use super::*;
use crate::net::Canceller;
use crate::secret::Secret;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

pub(super) fn key(user: &str) -> AccountKey {
    AccountKey::new("microsoft", "a-client-id", "organizations", user).unwrap()
}

pub(super) fn entry(user: &str) -> Entry {
    let mut entry = Entry::new(key(user));
    entry.refresh_token = Some(Secret::new(format!("refresh-of-{user}")));
    entry.access_token = Some(Secret::new(format!("access-of-{user}")));
    entry.expires_at = Some(1_800_000_000);
    entry.scopes = vec!["scope-of-smtp".into(), "offline_access".into()];
    entry.address = Some(format!("{user}@example.org"));
    entry.signed_in_at = Some(1_700_000_000);
    entry
}

/// Runs with a watch that allows a minute.
pub(super) fn watched<T>(work: impl FnOnce(&mut Watch) -> T) -> T {
    watched_for(Duration::from_secs(60), &Canceller::default(), work)
}

fn watched_for<T>(limit: Duration, canceller: &Canceller, work: impl FnOnce(&mut Watch) -> T) -> T {
    let mut tick = || true;
    work(&mut Watch::new(limit, canceller.watch(), &mut tick))
}

pub(super) fn save(store: &Store, entry: Entry) -> Result<()> {
    let key = entry.key().clone();
    watched(|watch| store.with_lock(&key, watch, |locked, _| locked.save(entry)))
}

/// A host program's store, as simple as can be.
fn program() -> Callbacks {
    type Documents = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;
    let documents = Documents::default();
    let [d1, d2, d3, d4]: [Documents; 4] = std::array::from_fn(|_| documents.clone());
    Callbacks::new(
        move |name| Ok(d1.lock().get(name).cloned()),
        move |name, document| {
            d2.lock().insert(name.into(), document.into());
            Ok(())
        },
        move |name| {
            d3.lock().remove(name);
            Ok(())
        },
    )
    .with_names(move || Ok(d4.lock().keys().cloned().collect()))
}

/// One store of each kind that needs nothing but a folder.
fn stores(folder: &Path) -> Vec<(&'static str, Store)> {
    let keyring = keyring::tests::InMemory::default();
    let sealed = watched(|watch| keyring::open(&folder.join("sealed"), &keyring, watch)).unwrap();
    vec![
        ("memory", Store::memory()),
        ("file", Store::file(folder.join("file")).unwrap()),
        ("keyring", Store::new(sealed)),
        ("callbacks", Store::callbacks(program())),
    ]
}

#[test]
fn every_store_keeps_several_accounts_as_they_were_saved() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, store) in stores(folder.path()) {
        assert_eq!(store.load(&key("anna")).unwrap(), None, "{kind}");
        save(&store, entry("anna")).unwrap();
        save(&store, entry("bob")).unwrap();
        assert_eq!(store.load(&key("anna")).unwrap(), Some(entry("anna")), "{kind}");
        let found: BTreeSet<_> = store.list().unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(found, BTreeSet::from([key("anna").name(), key("bob").name()]), "{kind}");

        let seen = watched(|watch| {
            store.with_lock(&key("anna"), watch, |locked, _| {
                let mut changed = locked.entry().cloned().unwrap();
                changed.access_token = Some(Secret::new("another"));
                locked.save(changed)?;
                Ok(locked.entry().cloned())
            })
        })
        .unwrap();
        assert_eq!(store.load(&key("anna")).unwrap(), seen, "{kind}");
        assert_ne!(seen, Some(entry("anna")), "{kind}");

        watched(|watch| store.delete(&key("anna"), watch)).unwrap();
        assert_eq!(store.load(&key("anna")).unwrap(), None, "{kind}");
        assert_eq!(store.load(&key("bob")).unwrap(), Some(entry("bob")), "{kind}");
    }
}

#[test]
fn further_fields_of_a_program_are_kept_beside_the_tokens() {
    let minute = Duration::from_secs(60);
    let store = Store::memory();
    save(&store, entry("anna")).unwrap();
    for user in ["anna", "bob"] {
        store.set_extra(&key(user), "program", Some("[1]"), minute).unwrap();
        let kept = store.load(&key(user)).unwrap().unwrap();
        assert_eq!(kept.extra("program"), Some("[1]"));
        assert_eq!(kept.refresh_token.is_some(), user == "anna");
    }
    store.set_extra(&key("anna"), "program", None, minute).unwrap();
    assert_eq!(store.load(&key("anna")).unwrap(), Some(entry("anna")));
    assert!(store.set_extra(&key("anna"), "refresh_token", Some("1"), minute).is_err());
}

#[test]
fn one_thread_at_a_time_has_an_account_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, store) in stores(folder.path()) {
        const THREADS: u64 = 8;
        const EACH: u64 = 5;
        watched(|watch| {
            // Another account is locked all the time.
            store.with_lock(&key("bob"), watch, |_, _| {
                std::thread::scope(|scope| {
                    for _ in 0..THREADS {
                        scope.spawn(|| (0..EACH).for_each(|_| count_up(&store)));
                    }
                });
                Ok(())
            })
        })
        .unwrap();
        assert_eq!(counted(&store), THREADS * EACH, "{kind}");
    }
}

fn counted(store: &Store) -> u64 {
    let entry = store.load(&key("counter")).unwrap();
    entry.and_then(|entry| entry.extra("count")?.parse().ok()).unwrap_or(0)
}

fn count_up(store: &Store) {
    watched(|watch| {
        store.with_lock(&key("counter"), watch, |locked, _| {
            let mut entry = locked.entry().cloned().unwrap_or_else(|| entry("counter"));
            let count = entry.extra("count").map_or(0, |count| count.parse().unwrap());
            entry.set_extra("count", Some(&(count + 1_u64).to_string())).unwrap();
            locked.save(entry)
        })
    })
    .unwrap();
}

/// A second store object on the same folder stands for another process.
#[test]
fn waiting_for_the_lock_ends_with_the_deadline_and_with_a_cancellation() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::file(folder.path()).unwrap();
    let other = Store::file(folder.path()).unwrap();
    watched(|watch| {
        store.with_lock(&key("anna"), watch, |_, _| {
            for waiting in [&store, &other] {
                let began = Instant::now();
                let limit = Duration::from_millis(200);
                let error = watched_for(limit, &Canceller::default(), |watch| {
                    waiting.with_lock(&key("anna"), watch, |_, _| Ok(()))
                })
                .unwrap_err();
                assert_eq!((error.status(), error.stage()), (Status::Timeout, Stage::Store));
                assert!(began.elapsed() >= limit);

                let canceller = Canceller::default();
                let (cancels, (waits, waiting_now)) = (canceller.clone(), channel());
                let mut ticks = 0;
                let mut tick = || {
                    // From the second look-around on it is surely waiting.
                    ticks += 1;
                    if ticks == 2 {
                        waits.send(Instant::now()).unwrap();
                    }
                    true
                };
                let mut watch = Watch::new(Duration::from_secs(60), canceller.watch(), &mut tick);
                let cancelled = std::thread::scope(|scope| {
                    let cancelling = scope.spawn(move || {
                        waiting_now.recv().unwrap();
                        cancels.cancel();
                        Instant::now()
                    });
                    let error =
                        waiting.with_lock(&key("anna"), &mut watch, |_, _| Ok(())).unwrap_err();
                    assert_eq!(error.status(), Status::Cancelled);
                    cancelling.join().unwrap()
                });
                // 100 ms are promised; the rest is for a busy machine.
                assert!(cancelled.elapsed() < Duration::from_millis(600));
            }
            Ok(())
        })
    })
    .unwrap();
}

#[test]
fn the_lock_is_free_again_after_a_failure_and_after_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, store) in stores(folder.path()) {
        let anna = key("anna");
        let failed: Result<()> = watched(|watch| {
            store.with_lock(&anna, watch, |_, _| Err(Error::internal("in the work")))
        });
        assert!(failed.is_err());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            watched(|watch| -> Result<()> {
                store.with_lock(&anna, watch, |_, _| panic!("in the work"))
            })
        }));
        assert!(panicked.is_err());
        save(&store, entry("anna")).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

#[test]
fn fields_that_we_do_not_know_stay_as_they_are() {
    let documents = Arc::new(Mutex::new(Vec::new()));
    let name = key("anna").name();
    let written = entry("anna").document().unwrap();
    // More digits than a number of ours has, and a value with structure.
    let unknown = r#""later": {"number": 1.2345678901234567890e5, "list": [1,  2]}"#;
    let text = String::from_utf8(written.to_vec()).unwrap();
    *documents.lock() = text.replacen('{', &format!("{{{unknown},"), 1).into_bytes();
    let (reads, writes) = (documents.clone(), documents.clone());
    let store = Store::callbacks(Callbacks::new(
        move |asked| Ok((asked == name).then(|| reads.lock().clone())),
        move |_, document| {
            *writes.lock() = document.into();
            Ok(())
        },
        |_| Ok(()),
    ));
    watched(|watch| {
        store.with_lock(&key("anna"), watch, |locked, _| {
            let mut changed = locked.entry().cloned().unwrap();
            changed.access_token = None;
            locked.save(changed)
        })
    })
    .unwrap();
    let now = String::from_utf8(documents.lock().clone()).unwrap();
    assert!(now.contains(unknown) && !now.contains("access-of"), "{now}");
}

#[test]
fn a_damaged_or_newer_document_is_told_from_one_another_and_nothing_of_it_is_quoted() {
    let good = String::from_utf8(entry("anna").document().unwrap().to_vec()).unwrap();
    let (newer, damaged) = (Cause::StoreNewer, Cause::StoreCorrupt);
    for (text, cause) in [
        (String::new(), damaged),
        (good[..good.len() / 2].to_owned(), damaged),
        ("[\"refresh-of-anna\"]".into(), damaged),
        (good.replace("postrider-account", "refresh-of-anna"), damaged),
        (good.replace("\"version\": 1", "\"version\": 2"), newer),
        (good.replace("\"version\": 1", "\"version\": \"refresh-of-anna\""), damaged),
        (good.replace("1800000000", "\"refresh-of-anna\""), damaged),
        (good.replace("\"refresh-of-anna\"", "7"), damaged),
    ] {
        let error = Entry::parse(text.as_bytes(), &"the place").unwrap_err();
        assert_eq!(error.cause(), cause, "{text}");
        assert!(error.text().contains("the place"), "{error}");
        assert!(!format!("{error}{error:?}").contains("-of-anna"), "{error:?}");
    }
    let escaped = good.replace("refresh-of-anna", "refresh\\u002dof-anna");
    assert_eq!(Entry::parse(escaped.as_bytes(), &"it").unwrap(), entry("anna"));
}

#[test]
fn no_token_is_in_debug_texts() {
    let mut entry = entry("anna");
    entry.set_extra("further", Some("\"access-of-anna\"")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (_, store) in stores(folder.path()) {
        save(&store, entry.clone()).unwrap();
        let text = format!("{entry:?} {store:?} {:?}", store.list().unwrap());
        assert!(text.contains("anna@example.org") && !text.contains("-of-anna"), "{text}");
    }
}

#[test]
fn a_program_that_locks_keeps_others_out_and_its_errors_are_told() {
    let taken = Arc::new(Mutex::new(BTreeSet::from([key("bob").name()])));
    let (takes, gives) = (taken.clone(), taken.clone());
    let store = Store::callbacks(program().with_lock(
        move |name| Ok(takes.lock().insert(name.into())),
        move |name| assert!(gives.lock().remove(name)),
    ));
    save(&store, entry("anna")).unwrap();
    assert_eq!(*taken.lock(), BTreeSet::from([key("bob").name()]), "what was taken is given back");
    let limit = Duration::from_millis(100);
    let error = watched_for(limit, &Canceller::default(), |watch| {
        store.with_lock(&key("bob"), watch, |_, _| Ok(()))
    });
    assert_eq!(error.unwrap_err().status(), Status::Timeout);

    let no = || io::Error::other("the database says no");
    let refusing =
        Store::callbacks(Callbacks::new(|_| Ok(None), move |_, _| Err(no()), move |_| Err(no())));
    let error = save(&refusing, entry("anna")).unwrap_err();
    assert_eq!((error.status(), error.cause()), (Status::Store, Cause::StoreUnwritable));
    assert!(error.text().contains("the database says no"), "{error}");
    assert_eq!(refusing.list().unwrap_err().cause(), Cause::StoreUnreadable);
}

/// The provider has ended the older refresh token by then.
#[test]
fn what_could_not_be_saved_is_saved_later_unless_it_is_out_of_date() {
    let renewed = || {
        let mut entry = entry("anna");
        entry.refresh_token = Some(Secret::new("the next one"));
        entry
    };
    for (by_others, expected) in [(None, renewed()), (Some(entry("anna")), entry("anna"))] {
        let document = Arc::new(Mutex::new(None::<Vec<u8>>));
        let full = Arc::new(Mutex::new(true));
        let (loaded, saved, disk) = (document.clone(), document.clone(), full.clone());
        let store = Store::callbacks(Callbacks::new(
            move |_| Ok(loaded.lock().clone()),
            move |_, bytes| {
                if *disk.lock() {
                    return Err(io::Error::other("full"));
                }
                *saved.lock() = Some(bytes.to_vec());
                Ok(())
            },
            |_| Ok(()),
        ));
        let work = |locked: &mut Locked, _: &mut Watch| locked.save_or_keep(renewed());
        watched(|watch| store.with_lock(&key("anna"), watch, work)).unwrap_err();
        assert_eq!(store.load(&key("anna")).unwrap(), None, "it is not used before it is saved");
        *full.lock() = false;
        *document.lock() = by_others.map(|entry| entry.document().unwrap().to_vec());
        let found = |locked: &mut Locked, _: &mut Watch| Ok(locked.entry().cloned());
        let found = watched(|watch| store.with_lock(&key("anna"), watch, found)).unwrap();
        assert_eq!(found.as_ref(), Some(&expected));
        assert_eq!(store.load(&key("anna")).unwrap(), found);
    }
}
