{ The whole way of a message through a real server. tests/delphi.rs sets RIG_* and looks for it. }
program delivery;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads, cwstring,{$ENDIF} SysUtils, PostriderApi, Postrider, Check;

type
  ETooLate = class(Exception);

  THost = class
  public
    Transcript: TPostriderString;
    Sent, Total: Int64;
    procedure Log(Sender: TObject; const Line: TPostriderString);
    procedure Progress(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure RaiseWhenQueued(Sender: TObject; const Line: TPostriderString);
  end;

procedure THost.Log(Sender: TObject; const Line: TPostriderString);
begin
  Transcript := Transcript + Line + #10;
end;

procedure THost.Progress(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  Sent := BytesSent;
  Total := BytesTotal;
end;

procedure THost.RaiseWhenQueued(Sender: TObject; const Line: TPostriderString);
begin
  if Pos(TPostriderString('queued as'), Line) > 0 then
    raise ETooLate.Create('too late');
end;

function SignedInWithoutCa: TPostriderMail;
begin
  Result := TPostriderMail.Create;
  Result.SetServer(Rig('HOST'), StrToInt(string(Rig('PORT'))));
  Result.SetSecurity(MAIL_SECURITY_STARTTLS);
  Result.SetAuthXoauth2(Rig('USER'), Rig('TOKEN'));
  Result.SetFrom(Rig('USER'), UTF8Decode('J'#$C3#$BC'rgen Gr'#$C3#$B6#$C3#$9F'e'));
end;

function SignedIn: TPostriderMail;
begin
  Result := SignedInWithoutCa;
  Result.AddCaFile(Rig('CA'));
end;

procedure OneOfTwoRecipientsGetsTheMessage;
const
  Png: AnsiString = #$89'PNG'#13#10#$1A#10;
  Order: AnsiString = 'item;price'#13#10'postcard;1.20'#13#10;
  Gruesse = 'Gr'#$C3#$BC#$C3#$9F'e';
var
  Mail: TPostriderMail;
  Host: THost;
  Image: TPostriderString;
  Sent: TPostriderResult;
begin
  Host := THost.Create;
  Mail := SignedIn;
  Mail.OnLog := Host.Log;
  Mail.OnProgress := Host.Progress;
  Mail.AddRecipient(Rig('USER'), 'Alice');
  Mail.AddRecipient(Rig('REFUSED'));
  Mail.SetSubject(Rig('SUBJECT'));
  Mail.AddHeader('X-Story', 'told');
  Mail.SetText(UTF8Decode(Gruesse + #10'.'#10'zweite Zeile'#10));
  Image := Mail.AddInlineBytes(Pointer(Png), Length(Png), 'dot.png');
  Mail.SetHtml(UTF8Decode('<p>' + Gruesse) + ' <img src="cid:' + Image + '"></p>');
  Mail.AddAttachmentFile(Rig('FILE'), UTF8Decode('Bericht f'#$C3#$BC'r Alice.bin'));
  Mail.AddAttachmentBytes(Pointer(Order), Length(Order), 'order.csv');

  Sent := Mail.Send;
  Verify(Sent.Outcome = MAIL_OUTCOME_ACCEPTED, 'outcome');
  Verify(Sent.Reply.Code = 250, 'reply');
  Verify(Length(Sent.Accepted) = 1, 'accepted');
  Verify(Sent.Accepted[0].Address = Rig('USER'), 'address accepted');
  Verify(Sent.Accepted[0].Reply.Code = 250, 'code accepted');
  Verify(Length(Sent.Refused) = 1, 'refused');
  Verify(Sent.Refused[0].Address = Rig('REFUSED'), 'address refused');
  Verify(Sent.Refused[0].Reply.Code = 550, 'code refused');
  Verify(Sent.Refused[0].Reply.EnhancedCode = '5.1.1', 'enhanced code refused');
  Verify(Pos(TPostriderString('User unknown'), Sent.Refused[0].Reply.Text) > 0, 'text refused');
  Verify(Pos(TPostriderString('C: STARTTLS'#10), Host.Transcript) > 0, 'transcript');
  Verify(Pos(Rig('TOKEN'), Host.Transcript) = 0, 'a token in the transcript');
  Verify((Host.Total > 300000) and (Host.Sent = Host.Total), 'progress');
  Mail.Free;
  Host.Free;
end;

procedure ARefusedSignInTellsEverythingAndTheNextSendWorks;
var
  Mail: TPostriderMail;
  Sent: TPostriderResult;
begin
  Mail := SignedIn;
  Mail.AddRecipient(Rig('USER'));
  Mail.SetSubject('after a wrong token');
  Mail.SetText('Hello');
  Mail.SetAuthXoauth2(Rig('USER'), Rig('BAD_TOKEN'));
  try
    Mail.Send;
    Verify(False, 'a wrong token is good');
  except
    on E: EPostrider do
    begin
      Verify(E.Status = MAIL_STATUS_SIGN_IN, 'status');
      Verify(E.Stage = MAIL_STAGE_SIGN_IN, 'stage');
      Verify(E.Outcome = MAIL_OUTCOME_NOT_SENT, 'outcome');
      Verify(E.Reply.Code = 535, 'reply code');
      Verify(E.Reply.EnhancedCode = '5.7.8', 'enhanced code');
      Verify((E.Cause <> '') and (E.Advice <> ''), 'cause and advice');
      Verify(Length(E.Recipients) = 1, 'recipients');
    end;
  end;
  Mail.SetAuthXoauth2(Rig('USER'), Rig('TOKEN'));
  Sent := Mail.Send;
  Verify(Length(Sent.Refused) = 0, 'the second send');
  Mail.Free;
end;

procedure WhenNobodyIsAcceptedTheErrorHoldsTheRecipients;
var
  Mail: TPostriderMail;
begin
  Mail := SignedIn;
  Mail.AddRecipient(Rig('REFUSED'));
  Mail.SetText('Hello');
  try
    Mail.Send;
    Verify(False, 'nobody is accepted');
  except
    on E: EPostrider do
    begin
      Verify(E.Status = MAIL_STATUS_RECIPIENTS, 'status');
      Verify(E.Outcome = MAIL_OUTCOME_NOT_SENT, 'outcome');
      Verify(Length(E.Recipients) = 1, 'recipients');
      Verify(E.Recipients[0].Reply.Code = 550, 'code');
    end;
  end;
  Mail.Free;
end;

procedure AnExceptionAfterTheMessageWasAcceptedComesOutToo;
var
  Mail: TPostriderMail;
  Host: THost;
  Came: Boolean;
begin
  Host := THost.Create;
  Mail := SignedIn;
  Mail.AddRecipient(Rig('USER'));
  Mail.SetText('Hello');
  Mail.OnLog := Host.RaiseWhenQueued;
  Came := False;
  try
    Mail.Send;
  except
    on ETooLate do
      Came := True;
  end;
  Verify(Came, 'no ETooLate');
  Verify(Mail.LastResult.Outcome = MAIL_OUTCOME_ACCEPTED, 'outcome');
  Verify(Length(Mail.LastResult.Accepted) = 1, 'accepted');
  Mail.Free;
  Host.Free;
end;

procedure ADiagnosisTellsEveryStepAndSendsNothing;
var
  Mail: TPostriderMail;
  Found: TPostriderDiagnosis;
begin
  Mail := SignedIn;
  Mail.AddRecipient(Rig('USER'));
  Mail.SetText('Hello');
  Found := Mail.Diagnose;
  Verify(Found.Status = MAIL_STATUS_OK, string(Found.Text));
  Verify(Pos(TPostriderString('250 2.1.5'), Found.Text) > 0, 'text');
  Verify(Pos(TPostriderString('"name": "sign_in"'), Found.Json) > 0, 'json');
  Verify(Length(Mail.LastResult.Accepted) = 0, 'sent');
  Mail.SetAuthXoauth2(Rig('USER'), Rig('BAD_TOKEN'));
  Found := Mail.Diagnose;
  Verify(Found.Status = MAIL_STATUS_SIGN_IN, 'status');
  Verify(Pos(TPostriderString('token_refused'), Found.Text) > 0, 'cause');
  Verify(Pos(Rig('BAD_TOKEN'), Found.Json) = 0, 'a secret');
  Mail.Free;
end;

procedure AnAuthorityNobodyKnowsIsRefusedUntilItIsAdded;
var
  Mail: TPostriderMail;
begin
  Mail := SignedInWithoutCa;
  Mail.AddRecipient(Rig('USER'));
  Mail.SetText('Hello');
  Verify(FailedWith(Mail) = MAIL_STATUS_CERTIFICATE, 'status');
  Mail.AddCaFile(Rig('CA'));
  Verify(Mail.Send.Outcome = MAIL_OUTCOME_ACCEPTED, 'outcome');
  Mail.Free;
end;

{ Below a folder with a space and an umlaut. }
function FileWithACyrillicName: TPostriderString;
const
  Content: AnsiString = 'All is well.'#13#10;
var
  Handle: THandle;
begin
  Result := ExtractFilePath(Rig('FILE')) + UTF8Decode('f'#$C3#$BC'r Anna');
  CreateDir(Result);
  Result := Result + UTF8Decode('/'#$D0#$9E#$D1#$82#$D1#$87#$D1#$91#$D1#$82'.txt');
  Handle := FileCreate(Result);
  Verify(FileWrite(Handle, PAnsiChar(Content)^, Length(Content)) = Length(Content), 'file');
  FileClose(Handle);
end;

procedure AFileWithACyrillicNameIsAttached;
var
  Mail: TPostriderMail;
begin
  Mail := SignedIn;
  Mail.AddRecipient(Rig('USER'));
  Mail.AddHeader('X-Story', 'attached');
  Mail.AddAttachmentFile(FileWithACyrillicName);
  Verify(Mail.Send.Outcome = MAIL_OUTCOME_ACCEPTED, 'outcome');
  Mail.Free;
end;

begin
  {$IFDEF UNIX}
  SetMultiByteFileSystemCodePage(CP_UTF8);
  {$ENDIF}
  Run('OneOfTwoRecipientsGetsTheMessage', OneOfTwoRecipientsGetsTheMessage);
  Run('ARefusedSignInTellsEverythingAndTheNextSendWorks',
    ARefusedSignInTellsEverythingAndTheNextSendWorks);
  Run('WhenNobodyIsAcceptedTheErrorHoldsTheRecipients',
    WhenNobodyIsAcceptedTheErrorHoldsTheRecipients);
  Run('AnExceptionAfterTheMessageWasAcceptedComesOutToo',
    AnExceptionAfterTheMessageWasAcceptedComesOutToo);
  Run('ADiagnosisTellsEveryStepAndSendsNothing', ADiagnosisTellsEveryStepAndSendsNothing);
  Run('AnAuthorityNobodyKnowsIsRefusedUntilItIsAdded',
    AnAuthorityNobodyKnowsIsRefusedUntilItIsAdded);
  Run('AFileWithACyrillicNameIsAttached', AFileWithACyrillicNameIsAttached);
end.
