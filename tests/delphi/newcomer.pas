{ As somebody does it who is new to this: one setting is wrong, its sentence is read, and what that
  says is done, with the same mail. tests/delphi.rs sets RIG_*. }
program newcomer;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads, cwstring,{$ENDIF} SysUtils, Classes, PostriderApi, Postrider, Check;

var
  Host, User, Recipient, Token: TPostriderString;
  Mail: TPostriderMail;

function Port(const Name: string): Integer;
begin
  Result := StrToInt(string(Rig(Name)));
end;

function Has(const Text, Part: TPostriderString): Boolean;
begin
  Result := Pos(Part, Text) > 0;
end;

{ Checks that an error has this cause, and that its advice names what is to be changed. }
procedure ReadError(E: EPostrider; const Cause, Word, Another: TPostriderString);
begin
  WriteLn(string(E.Cause), ': ', string(E.Advice));
  Flush(Output);
  Verify(E.Cause = Cause, string(E.Cause + ', not ' + Cause + ': ' + E.Text));
  Verify(Has(E.Advice, Word), string('no ' + Word + ' in: ' + E.Advice));
  Verify(Has(E.Advice, Another), string('no ' + Another + ' in: ' + E.Advice));
  Verify(E.Link = '', string(E.Link));
  Verify(E.RetryAfter <= 0, IntToStr(E.RetryAfter));
  Verify(Has(E.Json, Cause) and Has(E.Json, E.Advice), string(E.Json));
  Verify(not Has(E.Json, Token), 'the token is in the document');
end;

procedure Fails(const Cause, Word, Another: TPostriderString);
begin
  try
    Mail.Send;
    Verify(False, 'sent in spite of ' + string(Cause));
  except
    on E: EPostrider do
      ReadError(E, Cause, Word, Another);
  end;
end;

procedure Works;
begin
  Verify(Mail.Send.Outcome = MAIL_OUTCOME_ACCEPTED, 'outcome');
end;

{ Without author, recipient or attachment where that is '' or 0. }
procedure WriteMessage(const Author, Addressee: TPostriderString; Attached: Integer);
var
  Picture: AnsiString;
begin
  Mail.ClearMessage;
  if Author <> '' then
    Mail.SetFrom(Author);
  if Addressee <> '' then
    Mail.AddRecipient(Addressee);
  Mail.SetSubject('newcomer in Pascal');
  Mail.SetText('Hello');
  Picture := StringOfChar(AnsiChar('x'), Attached);
  if Attached > 0 then
    Mail.AddAttachmentBytes(Pointer(Picture), Attached, 'picture.bin');
end;

procedure SetWhatWorks;
begin
  Mail.SetServer(Host, Port('PORT'));
  Mail.SetSecurity(MAIL_SECURITY_STARTTLS);
  Mail.SetAuthXoauth2(User, Token);
  WriteMessage(User, Recipient, 0);
end;

procedure TheServer;
begin
  Fails('certificate_unknown_ca', 'certificate', 'CA file');
  Mail.AddCaFile(Rig('CA_FILE'));
  Works;

  Mail.SetServer(Host, Port('CLOSED_PORT'));
  Fails('connection_refused', Host, 'port');
  Mail.SetServer(Host, Port('PORT'));
  Works;

  { Names in .invalid are nobody's (RFC 2606). }
  Mail.SetServer('mail.rig.invalid', Port('PORT'));
  Fails('host_not_found', 'spelling', 'mail.rig.invalid');
  Mail.SetServer(Host, Port('PORT'));
  Works;
end;

procedure ItsProtection;
begin
  Mail.SetSecurity(MAIL_SECURITY_TLS);
  Fails('tls_failed', 'security', 'STARTTLS');
  Mail.SetSecurity(MAIL_SECURITY_STARTTLS);
  Works;

  Mail.SetSecurity(MAIL_SECURITY_PLAIN);
  Fails('plaintext_auth_refused', 'STARTTLS', 'sign-in');
  Mail.SetSecurity(MAIL_SECURITY_STARTTLS);
  Works;

  Mail.SetServer('127.0.0.1', Port('NAME_ONLY_PORT'));
  Mail.SetSecurity(MAIL_SECURITY_TLS);
  Fails('certificate_wrong_host', 'certificate', '127.0.0.1');
  Mail.SetServer(Host, Port('NAME_ONLY_PORT'));
  Works;
end;

procedure AToken(const Whose, Wrong, Good: TPostriderString);
begin
  Mail.SetAuthXoauth2(Whose, Wrong);
  Fails('token_refused', 'token', Whose);
  Mail.SetAuthXoauth2(Whose, Good);
  Works;
end;

procedure TheSignIn;
begin
  AToken(User, 'mistyped', Token);
  AToken(User, Rig('EXPIRED_TOKEN'), Token);
  AToken(Recipient, Token, Rig('RECIPIENT_TOKEN'));

  Mail.SetServer(Host, Port('PASSWORD_ONLY_PORT'));
  Fails('auth_mechanism_not_offered', Host, 'Sign in with a password');
  Mail.SetAuthPassword(User, Rig('PASSWORD'));
  Works;

  Mail.SetAuthPassword(User, 'mistyped');
  Fails('password_refused', 'password', User);
  Mail.SetAuthPassword(User, Rig('PASSWORD'));
  Works;

  Mail.SetServer(Host, Port('SIGN_IN_PORT'));
  Mail.SetAuthNone;
  Fails('not_signed_in', 'sign-in', Host);
  Mail.SetAuthXoauth2(User, Token);
  Works;

  Mail.SetServer(Host, Port('RELAY_PORT'));
  Mail.SetAuthNone;
  WriteMessage(User, Rig('ELSEWHERE'), 0);
  Fails('relay_denied', Host, Rig('ELSEWHERE'));
  Mail.SetAuthXoauth2(User, Token);
  Works;
end;

procedure WhatServersRefuse;
begin
  Mail.SetServer(Host, Port('OWN_FROM_PORT'));
  Mail.SetFrom(Recipient);
  Fails('send_as_denied', User, Recipient);
  Mail.SetFrom(User);
  Works;

  Mail.SetServer(Host, Port('SMALL_PORT'));
  WriteMessage(User, Recipient, 30000);
  Fails('message_too_large', 'smaller', 'attachments');
  WriteMessage(User, Recipient, 3000);
  Works;

  WriteMessage(User, Rig('REFUSED'), 0);
  Fails('recipient_unknown', 'spelling', Rig('REFUSED'));
  WriteMessage(User, Recipient, 0);
  Works;
end;

procedure TheMessage;
begin
  WriteMessage('', Recipient, 0);
  Fails('from_missing', 'Set', 'From');
  Mail.SetFrom(User);
  Works;

  WriteMessage(User, '', 0);
  Fails('recipient_missing', 'Add', 'recipient');
  Mail.AddRecipient(Recipient);
  Works;

  try
    Mail.AddAttachmentFile('report.txt');
    Verify(False, 'a file that is not there');
  except
    on E: EPostrider do
      ReadError(E, 'file_unreadable', 'file', 'exists');
  end;
  with TStringList.Create do
    try
      Add('All is well.');
      SaveToFile('report.txt');
    finally
      Free;
    end;
  Mail.AddAttachmentFile('report.txt');
  Works;
end;

{ The step at which the send fails, with the same advice. }
procedure ADiagnosis;
var
  Found: TPostriderDiagnosis;
begin
  Mail.SetAuthXoauth2(User, 'mistyped');
  Found := Mail.Diagnose;
  Verify(Found.Status = MAIL_STATUS_SIGN_IN, string(Found.Text));
  Verify(Has(Found.Text, #10'failed   sign-in '), string(Found.Text));
  try
    Mail.Send;
    Verify(False, 'a mistyped token');
  except
    on E: EPostrider do
    begin
      Verify(E.Stage = MAIL_STAGE_SIGN_IN, 'stage');
      ReadError(E, 'token_refused', 'token', User);
      Verify(Has(Found.Text, '-> ' + E.Advice + #10), string(Found.Text));
      Verify(Has(Found.Json, E.Advice), string(Found.Json));
    end;
  end;
  Mail.SetAuthXoauth2(User, Token);
  Verify(Mail.Diagnose.Status = MAIL_STATUS_OK, 'diagnosis');
  Works;
end;

{ Both sides wait for the other: the send sees silence, the diagnosis looks behind it. }
procedure ASilentServer;
var
  Found: TPostriderDiagnosis;
begin
  Mail.SetServer(Host, Port('TLS_PORT'));
  Mail.SetTimeout(3000);
  Fails('timeout', Host, 'set the security to TLS');
  Mail.SetTimeout(6000);
  Found := Mail.Diagnose;
  Verify(Has(Found.Text, #10'failed   greeting '), string(Found.Text));
  Verify(Has(Found.Text, 'set the security to TLS'), string(Found.Text));
  Mail.SetTimeout(60000);
  Mail.SetSecurity(MAIL_SECURITY_TLS);
  Verify(Mail.Diagnose.Status = MAIL_STATUS_OK, 'diagnosis');
  Works;
end;

begin
  Host := Rig('HOST');
  User := Rig('USER');
  Recipient := Rig('RECIPIENT');
  Token := Rig('TOKEN');
  Mail := TPostriderMail.Create;
  SetWhatWorks;
  TheServer;
  ItsProtection;
  SetWhatWorks;
  TheSignIn;
  SetWhatWorks;
  WhatServersRefuse;
  TheMessage;
  SetWhatWorks;
  ADiagnosis;
  ASilentServer;
  Mail.Free;
end.
