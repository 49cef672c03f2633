//! `postrider doctor`: what works and what does not on the way of a message, without sending one.
//!
//! - `--migrate` looks at old settings, `--explain` at a text from a log: both connect to nothing
//! - `paint`     colour, where somebody looks at it

mod paint;

use crate::output::{Exit, Failure, Result, exit_of, line, note};
use crate::send::Way;
use paint::Paint;
use postrider::diagnosis::{StepState, explain, look_at_old_settings};
use postrider::{Mail, Observer};
use serde_json::json;

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Options {
    #[command(flatten, next_help_heading = "Where a message would go through")]
    way: Way,
    /// Who it would be from; the user who signs in unless given
    #[arg(long, value_name = "ADDRESS", help_heading = "What is asked for")]
    from: Option<String>,
    /// Who would get it: the server is asked whether it takes them
    #[arg(long, value_name = "ADDRESSES", help_heading = "What is asked for")]
    to: Vec<String>,
    /// The longest that it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..), help_heading = "What happens")]
    timeout: u32,
    /// Connect to nothing: say what of these settings fails today, and what to use instead
    #[arg(long, requires = "server", help_heading = "What happens")]
    migrate: bool,
    /// Connect to nothing: say what a text from a log means
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["Way", "from", "to", "timeout", "migrate", "verbose"], help_heading = "What happens")]
    explain: Option<String>,
    /// Print the result as JSON (docs/diagnosis.md)
    #[arg(long, help_heading = "What happens")]
    json: bool,
    /// Show the dialogue with the server, without secrets
    #[arg(long, short, help_heading = "What happens")]
    verbose: bool,
}

const HELP: &str = "\
Why does an account not send?
  postrider doctor --account anna@example.org --to bob@example.org
What does a server offer, and is its certificate good?
  postrider doctor --server mail.example.org:587
Will the settings of an old program still work?
  postrider doctor --migrate --server smtp.live.com:25 --user anna@example.org
What does this line of a log mean?
  postrider doctor --explain '535 5.7.8 Error: authentication failed'

Exit codes: 0 nothing failed (--migrate: nothing to change; --explain: known), 1 some of
the recipients would be refused, 2 the command line is wrong or a setting is missing,
3 failed, 4 try again later, 5 sign in first. Warnings change none of them.";

pub fn run(options: &Options) -> Result {
    if let Some(text) = &options.explain {
        return explain_text(text, options.json);
    }
    if options.migrate {
        return migrate(options);
    }
    let mut mail = Mail::new();
    let mut account = None;
    let user = options.way.apply(&mut mail, &mut account)?;
    prepare(options, &mut mail, user.as_deref())?;
    let paint = Paint::for_stdout();
    let mut written = Ok(());
    let diagnosis = mail.diagnose_step_by_step(&Dialogue(options.verbose), &mut |step| {
        if !options.json && written.is_ok() {
            written = paint.step(step);
        }
    });
    written?;
    match options.json {
        true => line(diagnosis.json())?,
        false => line(format_args!("\n{}", diagnosis.summary()))?,
    }
    let exit = diagnosis.error().map_or(Exit::Done, exit_of);
    if let (Exit::NeedsSignIn, Some(name)) = (exit, account) {
        note(format_args!("Call: postrider login {name}"));
    }
    Ok(exit)
}

fn prepare(options: &Options, mail: &mut Mail, user: Option<&str>) -> Result<()> {
    match (&options.from, user) {
        (Some(from), _) => mail.set_from(None, from)?,
        (None, Some(user)) if user.contains('@') => mail.set_from(None, user)?,
        _ => {}
    }
    for list in &options.to {
        mail.add_recipients(list, 0)?;
    }
    // There is something to send, so only what is wrong is warned of.
    mail.set_subject("diagnosis")?;
    let timeout = i64::from(options.timeout).saturating_mul(1000);
    Ok(mail.set_timeout_ms(timeout.try_into().unwrap_or(i32::MAX))?)
}

/// The dialogue, when it is wanted.
struct Dialogue(bool);

impl Observer for Dialogue {
    fn wants_log(&self) -> bool {
        self.0
    }

    fn log(&self, line: &str) {
        note(line);
    }
}

fn migrate(options: &Options) -> Result {
    let old = options.way.old_settings()?;
    let step = look_at_old_settings(&old)?;
    match options.json {
        true => line(format_args!(
            "{:#}",
            json!({ "state": step.state.word(), "found": step.found, "warnings": step.warnings })
        ))?,
        false => Paint::for_stdout().step(&step)?,
    }
    Ok(if step.state == StepState::Ok { Exit::Done } else { Exit::Failed })
}

fn explain_text(text: &str, json: bool) -> Result {
    let explanation = explain(text);
    if json {
        line(explanation.to_json())?;
        return Ok(if explanation.causes.is_empty() { Exit::Failed } else { Exit::Done });
    }
    let Some(likeliest) = explanation.causes.first() else {
        return Err(Failure::from("nothing is known about this text".to_owned()));
    };
    if explanation.causes.len() > 1 {
        line("This can have several causes, the likeliest first:")?;
    }
    for possible in &explanation.causes {
        line(format_args!("{}: {}", possible.cause.code(), possible.advice))?;
        if let Some(link) = possible.link {
            line(format_args!("See {link}"))?;
        }
    }
    line(format_args!("({}; {})", explanation.certainty.code(), likeliest.source))?;
    Ok(Exit::Done)
}
