//! lettre with its own blocking transport. The arguments are explained in `../job.h`.

use std::{env, error::Error, fs, thread};

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, SmtpTransport, Transport};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

struct Job {
    keep: bool,
    host: String,
    port: u16,
    messages: usize,
    recipients: usize,
    connections: u32,
    text: String,
    attachment: Option<String>,
    sign_in: Option<(TlsParameters, Credentials)>,
}

fn read_job() -> Result<Job> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [
        keep,
        host,
        port,
        messages,
        recipients,
        connections,
        text,
        attachment,
        ca,
        user,
        token,
    ] = arguments.as_slice()
    else {
        return Err("wrong number of arguments, see job.h".into());
    };
    let sign_in = match ca.as_str() {
        "-" => None,
        ca => {
            let tls = TlsParameters::builder(host.clone())
                .certificate_store(CertificateStore::None)
                .add_root_certificate(Certificate::from_pem(&fs::read(ca)?)?)
                .build()?;
            Some((
                tls,
                Credentials::new(user.clone(), fs::read_to_string(token)?),
            ))
        }
    };
    Ok(Job {
        keep: keep == "kept",
        host: host.clone(),
        port: port.parse()?,
        messages: messages.parse()?,
        recipients: recipients.parse()?,
        connections: connections.parse()?,
        text: fs::read_to_string(text)?,
        attachment: Some(attachment.clone()).filter(|path| path != "-"),
        sign_in,
    })
}

fn transport(job: &Job) -> SmtpTransport {
    let builder = SmtpTransport::builder_dangerous(&job.host)
        .port(job.port)
        .hello_name(ClientId::Domain("client.example.com".into()))
        .pool_config(PoolConfig::new().max_size(job.connections));
    match &job.sign_in {
        None => builder.build(),
        Some((tls, credentials)) => builder
            .tls(Tls::Required(tls.clone()))
            .authentication(vec![Mechanism::Xoauth2])
            .credentials(credentials.clone())
            .build(),
    }
}

fn compose(job: &Job) -> Result<Message> {
    let mut builder = Message::builder()
        .from(Mailbox::new(
            Some("Bench Sender".into()),
            "sender@example.com".parse()?,
        ))
        .subject("Monthly report");
    for i in 0..job.recipients {
        builder = builder.to(format!("recipient{i}@example.net").parse()?);
    }
    let Some(attachment) = &job.attachment else {
        return Ok(builder
            .header(ContentType::TEXT_PLAIN)
            .body(job.text.clone())?);
    };
    let file = Attachment::new("report.bin".into()).body(
        fs::read(attachment)?,
        ContentType::parse("application/octet-stream")?,
    );
    Ok(builder.multipart(
        MultiPart::mixed()
            .singlepart(SinglePart::plain(job.text.clone()))
            .singlepart(file),
    )?)
}

fn send_share(job: &Job, kept: &SmtpTransport, messages: usize) -> Result<()> {
    for _ in 0..messages {
        let message = compose(job)?;
        if job.keep {
            kept.send(&message)?;
        } else {
            transport(job).send(&message)?;
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let job = read_job()?;
    let kept = transport(&job);
    if job.connections == 1 {
        return send_share(&job, &kept, job.messages);
    }
    let share = job.messages / job.connections as usize;
    thread::scope(|scope| {
        let senders: Vec<_> = (0..job.connections)
            .map(|_| scope.spawn(|| send_share(&job, &kept, share)))
            .collect();
        senders
            .into_iter()
            .try_for_each(|sender| sender.join().expect("a sender panicked"))
    })
}
