//! What a server offers whose certificate was refused. It may be anybody's: nobody signs in there, no
//! sender is named, and what it says is only reported.

use super::session::{heard, pass, tell_mechanisms, tell_offer};
use super::{GLANCE, Stop, Walk};
use crate::diagnosis::{Step, StepName};
use crate::error::{Result, Stage};
use crate::transport::{Connection, Security};

const BEHIND: &str = "behind the certificate that was refused:";

impl Walk<'_> {
    /// Looks on a connection of its own; gives the reason why the walk ends all the same.
    pub(super) fn look_behind(&mut self, stop: Stop) -> Stop {
        let is_implicit = self.server.is_implicit_tls();
        let security = if is_implicit { Security::Tls } else { Security::Starttls };
        let Some(mut connection) = self.look(security) else { return stop };
        let looked = match is_implicit {
            true => self.greeting_behind(&mut connection),
            false => self.pass_again(&mut connection),
        };
        let looked = looked.and_then(|()| self.offer_behind(&mut connection));
        connection.quit();
        match looked {
            Ok(()) => Stop("nothing is given to a server whose certificate was refused".into()),
            Err(_) => stop,
        }
    }

    fn greeting_behind(&mut self, connection: &mut Connection) -> Result<()> {
        let mut step = Step::begin(StepName::Greeting);
        self.glance(connection, Stage::Greeting)?;
        step.find(format!("{BEHIND} {}", heard(connection)));
        self.end(step, None);
        self.skip(StepName::HelloInClear, "TLS begins with the first byte");
        Ok(())
    }

    /// What came before TLS was reported already.
    fn pass_again(&mut self, connection: &mut Connection) -> Result<()> {
        for stage in [Stage::Greeting, Stage::Hello, Stage::Starttls] {
            self.glance(connection, stage)?;
        }
        Ok(())
    }

    fn offer_behind(&mut self, connection: &mut Connection) -> Result<()> {
        let mut step = Step::begin(StepName::Hello);
        self.glance(connection, Stage::Hello)?;
        step.find(BEHIND);
        tell_offer(connection, &mut step);
        self.end(step, None);
        let mut step = Step::begin(StepName::Mechanisms);
        step.find(BEHIND);
        tell_mechanisms(connection, &mut step);
        self.end(step, None);
        Ok(())
    }

    fn glance(&mut self, connection: &mut Connection, stage: Stage) -> Result<()> {
        self.within(GLANCE, |watch, log| pass(connection, stage, watch, log))
    }
}
