//! `postrider send`: one message, from options, files and standard input, through an account or any
//! server.
//!
//! - `way`       which server, and who signs in how
//! - `message`   headers, bodies and attachments
//! - `progress`  what a person sees meanwhile
//! - `result`    what came of it, for people and for scripts

mod message;
mod progress;
mod result;
mod way;

use crate::output::{Failure, Result};
use message::Content;
use postrider::Mail;
use progress::Progress;
pub use way::{Security, Way};

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Options {
    #[command(flatten, next_help_heading = "Where it goes through")]
    way: Way,
    #[command(flatten, next_help_heading = "The message")]
    content: Content,
    /// Send to nobody when one recipient is refused
    #[arg(long, help_heading = "What happens")]
    all_or_none: bool,
    /// The longest that it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..), help_heading = "What happens")]
    timeout: u32,
    /// Print the result as JSON (docs/command.md)
    #[arg(long, help_heading = "What happens")]
    json: bool,
    /// Show the dialogue with the server, without secrets
    #[arg(long, short, help_heading = "What happens")]
    verbose: bool,
}

const HELP: &str = "\
Through an account to which you have signed in once (see `postrider login --help`):
  postrider send --account anna@example.org --to bob@example.org \\
      --subject 'The figures' --body 'Here they are.' --attach figures.pdf
Text and HTML, to several people; the text comes from standard input:
  fortune | postrider send --account anna@example.org \\
      --to 'Bob <bob@example.org>, carol@example.org' --bcc dan@example.org \\
      --subject Hello --body-file - --html-file hello.html
Through any server, to see what it says; the password is typed:
  postrider send --server mail.example.org:587 --user anna@example.org --verbose \\
      --to bob@example.org --subject Test --body Test
With an access token from elsewhere:
  get-token | postrider send --server mail.example.org --user anna@example.org \\
      --auth xoauth2 --password-file - --to bob@example.org --subject Test

Exit codes: 0 accepted for everybody, 1 for some, 2 the command line is wrong,
3 refused, 4 try again later, 5 sign in first, 6 the connection ended at the last
moment: the message may have been accepted, so look before you send it again.";

pub fn run(options: &Options) -> Result {
    let mut account = None;
    let sent = prepare(options, &mut account).map(|mail| {
        let progress = Progress::new(options.verbose);
        let delivery = mail.send(&progress);
        progress.clear();
        delivery
    });
    result::report(sent, options.json).map_err(|failure| match &account {
        Some(name) => failure.of_account(name),
        None => failure,
    })
}

/// The message, ready to go; notes the account that is going to sign in.
fn prepare(options: &Options, account: &mut Option<String>) -> Result<Mail> {
    if options.content.reads_stdin() && options.way.reads_stdin() {
        return Err(Failure::usage("only one thing can come from standard input"));
    }
    let mut mail = Mail::new();
    let user = options.way.apply(&mut mail, account)?;
    options.content.apply(&mut mail, user.as_deref())?;
    mail.set_all_or_none(options.all_or_none);
    let timeout = i64::from(options.timeout).saturating_mul(1000);
    mail.set_timeout_ms(timeout.try_into().unwrap_or(i32::MAX))?;
    Ok(mail)
}
