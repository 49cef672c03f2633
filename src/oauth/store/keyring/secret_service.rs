//! The Secret Service of freedesktop.org: GNOME Keyring, KWallet, KeePassXC.
//!
//! Each operation has a connection of its own and is over when it is over: nothing stays open in
//! the host. No dialog is ever shown: a keyring that would need one is locked.

use super::super::store_error;
use super::Keyring;
use crate::error::{Cause, Error, Result};
use crate::net::Watch;
use crate::net::dbus::{Arguments, Bus, Failure, Method, Returned};
use crate::secret::Secret;

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";
/// "No object", where a path is expected.
const NOTHING: &str = "/";

pub(crate) struct SecretService {
    service: String,
}

impl SecretService {
    pub(crate) fn new(service: &str) -> Self {
        Self { service: service.to_owned() }
    }

    /// What finds an item again.
    fn attributes<'a>(&'a self, id: &'a str) -> [(&'a str, &'a str); 3] {
        [("xdg:schema", "org.postrider.StoreKey"), ("service", &self.service), ("id", id)]
    }
}

impl Keyring for SecretService {
    fn get(&self, id: &str, watch: &mut Watch) -> Result<Option<Secret>> {
        let mut open = Open::new(watch)?;
        let Some(item) = open.find(&self.attributes(id))? else { return Ok(None) };
        let mut session = Arguments::new("o");
        session.text(&open.session);
        let returned = open.call(&item, ITEM, "GetSecret", &session)?;
        let mut values = returned.values();
        values.structure();
        // Session, parameters of its encryption, the secret; the type of the content is ours.
        let secret = values.text().and_then(|_| values.octets()).and_then(|_| values.octets());
        secret.map(|secret| Some(Secret::new(secret))).map_err(|wrong| explain(wrong.into()))
    }

    fn set(&self, id: &str, text: &Secret, watch: &mut Watch) -> Result<()> {
        let mut open = Open::new(watch)?;
        let mut arguments = Arguments::new("a{sv}(oayays)b");
        arguments.array(8, |properties| {
            let label = format!("{} (key of the mail accounts)", self.service);
            properties.structure().text("org.freedesktop.Secret.Item.Label");
            properties.variant("s").text(&label);
            properties.structure().text("org.freedesktop.Secret.Item.Attributes");
            properties.variant("a{ss}").dictionary(&self.attributes(id));
        });
        arguments.structure().text(&open.session).octets(b"").octets(text.bytes());
        // Replace an item with the same attributes.
        arguments.text("text/plain").boolean(true);
        let collection = open.collection.clone();
        let returned = open.call(&collection, COLLECTION, "CreateItem", &arguments)?;
        let mut values = returned.values();
        let prompt = values.text().and_then(|_| values.text()).map(str::to_owned);
        let prompt = prompt.map_err(|wrong| explain(wrong.into()))?;
        open.refuse_prompt(&prompt)
    }

    fn delete(&self, id: &str, watch: &mut Watch) -> Result<()> {
        let mut open = Open::new(watch)?;
        let Some(item) = open.find(&self.attributes(id))? else { return Ok(()) };
        let returned = open.call(&item, ITEM, "Delete", &Arguments::new(""))?;
        let prompt = returned.values().text().map(str::to_owned);
        let prompt = prompt.map_err(|wrong| explain(wrong.into()))?;
        open.refuse_prompt(&prompt)
    }
}

/// The unlocked default keyring.
struct Open<'a, 'b> {
    bus: Bus,
    watch: &'a mut Watch<'b>,
    session: String,
    collection: String,
}

impl<'a, 'b> Open<'a, 'b> {
    fn new(watch: &'a mut Watch<'b>) -> Result<Self> {
        let bus = Bus::connect(watch).map_err(|failure| match failure {
            Failure::Broken(why) => store_error(Cause::KeyringAbsent, format!("no keyring: {why}")),
            other => explain(other),
        })?;
        let mut open = Self { bus, watch, session: String::new(), collection: String::new() };
        // Secrets travel unencrypted on a socket that only this user's programs can reach, and any
        // of these may ask the keyring itself.
        let mut plain = Arguments::new("sv");
        plain.text("plain").variant("s").text("");
        let returned = open.call(ROOT, SERVICE, "OpenSession", &plain)?;
        let mut values = returned.values();
        let session = values.text_variant().and_then(|_| values.text()).map(str::to_owned);
        open.session = session.map_err(|wrong| explain(wrong.into()))?;

        let mut default = Arguments::new("s");
        default.text("default");
        let returned = open.call(ROOT, SERVICE, "ReadAlias", &default)?;
        let collection = returned.values().text().map(str::to_owned);
        open.collection = collection.map_err(|wrong| explain(wrong.into()))?;
        if open.collection == NOTHING {
            let text = "the user has no default keyring yet: nobody has signed in at the desktop";
            return Err(store_error(Cause::KeyringAbsent, text.into()));
        }
        // Some keyrings unlock without a dialog; and a locked one may hide what it has.
        let mut collections = Arguments::new("ao");
        collections.array(4, |array| {
            array.text(&open.collection);
        });
        let returned = open.call(ROOT, SERVICE, "Unlock", &collections)?;
        let mut values = returned.values();
        let prompt = values.texts().and_then(|_| values.text()).map(str::to_owned);
        let prompt = prompt.map_err(|wrong| explain(wrong.into()))?;
        open.refuse_prompt(&prompt)?;
        Ok(open)
    }

    fn find(&mut self, attributes: &[(&str, &str)]) -> Result<Option<String>> {
        let mut arguments = Arguments::new("a{ss}");
        arguments.dictionary(attributes);
        let returned = self.call(ROOT, SERVICE, "SearchItems", &arguments)?;
        let mut values = returned.values();
        let found = values.texts().and_then(|unlocked| Ok((unlocked, values.texts()?)));
        let (unlocked, locked) = found.map_err(|wrong| explain(wrong.into()))?;
        match (unlocked.first(), locked.first()) {
            (Some(item), _) => Ok(Some((*item).to_owned())),
            (None, Some(_)) => Err(locked_keyring()),
            (None, None) => Ok(None),
        }
    }

    /// A dialog would be needed. Dismissed, or some keyrings keep it for later.
    fn refuse_prompt(&mut self, prompt: &str) -> Result<()> {
        if prompt == NOTHING {
            return Ok(());
        }
        // It is locked, whatever the dismissal brings.
        let _ = self.call(prompt, PROMPT, "Dismiss", &Arguments::new(""));
        Err(locked_keyring())
    }

    fn call(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        arguments: &Arguments,
    ) -> Result<Returned> {
        let method = Method { destination: NAME, path, interface, member };
        self.bus.call(method, arguments, self.watch).map_err(explain)
    }
}

fn locked_keyring() -> Error {
    store_error(Cause::KeyringLocked, "the keyring is locked".into())
}

fn explain(failure: Failure) -> Error {
    let (name, text) = match failure {
        Failure::Ended(error) => return error,
        Failure::Broken(why) => {
            return store_error(Cause::KeyringFailed, format!("the keyring failed: {why}"));
        }
        Failure::Refused { name, text } => (name, text),
    };
    let says = format!("{name}: {text}");
    let absent = ["ServiceUnknown", "NameHasNoOwner", "Spawn."];
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        Some(kind) if absent.iter().any(|one| kind.starts_with(one)) => {
            store_error(Cause::KeyringAbsent, format!("no keyring in this session: {says}"))
        }
        _ if name == "org.freedesktop.Secret.Error.IsLocked" => locked_keyring(),
        _ => store_error(Cause::KeyringFailed, format!("the keyring refused: {says}")),
    }
}
