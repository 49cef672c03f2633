//! A connection that is signed in: with the credentials of the mail, or with a token of its account.

use crate::error::{Error, Result, Status};
use crate::net::Watch;
use crate::oauth::{AccessToken, Account};
use crate::smtp::Credentials;
use crate::transport::connection::Connection;
use crate::transport::log::Log;
use crate::transport::server::Server;
use std::sync::Arc;

/// Connects and signs in.
pub(crate) fn open(server: &Arc<Server>, watch: &mut Watch, log: &Log) -> Result<Connection> {
    match &server.account {
        None => Connection::open(server, server.credentials.clone(), watch, log),
        Some(account) => open_for(account, server, watch, log),
    }
}

/// As [`open`]; a refused token is renewed, once.
fn open_for(
    account: &Account,
    server: &Arc<Server>,
    watch: &mut Watch,
    log: &Log,
) -> Result<Connection> {
    let sign_in = |token: &AccessToken, user: &str, watch: &mut Watch| {
        Connection::open(server, Some(credentials(account, token, user)), watch, log)
    };
    let token = account.token(watch, None)?;
    let user = user_of(&token)?;
    for hint in account.look_at(&token, &user)? {
        log.note(|| hint.text);
    }
    let error = match sign_in(&token, &user, watch) {
        Err(error) if is_refused(&error) => error,
        other => return other,
    };
    log.note(|| format!("{error}; asking for a new token"));
    let token = match account.token(watch, Some(token.secret())) {
        Ok(token) => token,
        // Then this is why; any other failure says less than the server did.
        Err(why) if why.status() == Status::NeedsSignIn => return Err(why),
        Err(why) => {
            log.note(|| why.to_string());
            return Err(error);
        }
    };
    let error = match sign_in(&token, &user, watch) {
        Err(error) if is_refused(&error) => error,
        other => return other,
    };
    // Personal accounts at Microsoft sign in with their first address only (oauth.md §2.2).
    match token.user_name.clone().filter(|name| *name != user) {
        Some(name) if account.signs_in_by_user_name() => {
            log.note(|| format!("{error}; trying the name that the provider gave: {name}"));
            sign_in(&token, &name, watch)
        }
        _ => Err(error),
    }
}

/// For good: a 4xx is no matter of the token.
fn is_refused(error: &Error) -> bool {
    error.status() == Status::SignIn && error.reply().is_some_and(|reply| !reply.is_transient())
}

pub(crate) fn user_of(token: &AccessToken) -> Result<String> {
    token.user.clone().or_else(|| token.user_name.clone()).ok_or_else(|| {
        Error::argument("the account has no user: set the address that signs in to the server")
    })
}

pub(crate) fn credentials(account: &Account, token: &AccessToken, user: &str) -> Credentials {
    let (user, token) = (user.to_owned(), token.secret().clone());
    match account.uses_oauthbearer() {
        true => Credentials::OAuthBearer { user, token },
        false => Credentials::XOAuth2 { user, token },
    }
}
