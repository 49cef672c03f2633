// Nodemailer. The arguments are explained in ../job.h; NODE_PATH says where the package is installed.
'use strict';
const fs = require('fs');
const nodemailer = require('nodemailer');

const [mode, host, port, messages, recipients, connections, textFile, attachment, ca, user, tokenFile] =
    process.argv.slice(2);
const text = fs.readFileSync(textFile, 'utf8');

const options = { host, port: Number(port), name: 'client.example.com', ignoreTLS: true };
if (ca !== '-') {
    options.ignoreTLS = false;
    options.requireTLS = true;
    options.tls = { ca: fs.readFileSync(ca) };
    options.auth = { type: 'OAuth2', user, accessToken: fs.readFileSync(tokenFile, 'utf8') };
}
if (mode === 'kept') {
    Object.assign(options, { pool: true, maxConnections: Number(connections), maxMessages: Infinity });
}

function compose() {
    const message = {
        from: { name: 'Bench Sender', address: 'sender@example.com' },
        to: [],
        subject: 'Monthly report',
        text,
    };
    for (let i = 0; i < Number(recipients); i++) {
        message.to.push(`recipient${i}@example.net`);
    }
    if (attachment !== '-') {
        message.attachments = [
            { path: attachment, filename: 'report.bin', contentType: 'application/octet-stream' },
        ];
    }
    return message;
}

async function sendShare(transport, count) {
    for (let i = 0; i < count; i++) {
        await transport.sendMail(compose());
    }
}

async function main() {
    const transport = nodemailer.createTransport(options);
    const share = Math.floor(Number(messages) / Number(connections));
    await Promise.all(Array.from({ length: Number(connections) }, () => sendShare(transport, share)));
    transport.close();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
