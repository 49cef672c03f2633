//! Sends e-mail with OAuth2.
