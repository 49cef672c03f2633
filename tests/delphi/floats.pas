{ Floating point: Delphi and Free Pascal start with unmasked exceptions, which the library's code must
  not meet, and which the program's own code must go on to get, also inside an event. }
program floats;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads,{$ENDIF} SysUtils, PostriderApi, Postrider, Check;

type
  THost = class
  public
    Lines, Calls: Integer;
    Raising: Boolean;
    procedure Log(Sender: TObject; const Line: TPostriderString);
    procedure Progress(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
  end;

var
  Zero: Double = 0;

function Quotient: Double;
begin
  Result := 1 / Zero;
end;

{ Whether a division by zero is an exception here, as the program started with. }
function Traps: Boolean;
begin
  Result := False;
  try
    Quotient;
  except
    on EZeroDivide do
      Result := True;
  end;
end;

procedure THost.Log(Sender: TObject; const Line: TPostriderString);
begin
  Verify(Traps, 'masked inside OnLog');
  Inc(Lines);
end;

procedure THost.Progress(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  Verify(Traps, 'masked inside OnProgress');
  Inc(Calls);
  if Raising then
    Quotient;
end;

procedure TheProgramKeepsItsOwnExceptions;
var
  Server: THalfServer;
  Mail: TPostriderMail;
  Host: THost;
begin
  Verify(Traps, 'masked from the start');
  Server := THalfServer.Create;
  Host := THost.Create;
  Mail := CompleteMail(Server.Port);
  Verify(Traps, 'masked after the settings');
  Mail.OnLog := Host.Log;
  Mail.OnProgress := Host.Progress;
  Mail.SetTimeout(300);
  Verify(FailedWith(Mail) = MAIL_STATUS_TIMEOUT, 'status');
  Verify((Host.Lines > 0) and (Host.Calls > 0), 'events were not called');
  Verify(Traps, 'masked after Send');
  Mail.Free;
  Host.Free;
  Server.Free;
end;

procedure ADivisionByZeroInAnEventComesOutOfSend;
var
  Server: THalfServer;
  Mail: TPostriderMail;
  Host: THost;
  Came: Boolean;
begin
  Server := THalfServer.Create;
  Host := THost.Create;
  Host.Raising := True;
  Mail := CompleteMail(Server.Port);
  Mail.OnProgress := Host.Progress;
  Came := False;
  try
    Mail.Send;
  except
    on EZeroDivide do
      Came := True;
  end;
  Verify(Came, 'no EZeroDivide');
  Verify(Traps, 'masked after the exception');
  Mail.Free;
  Host.Free;
  Server.Free;
end;

begin
  Run('TheProgramKeepsItsOwnExceptions', TheProgramKeepsItsOwnExceptions);
  Run('ADivisionByZeroInAnEventComesOutOfSend', ADivisionByZeroInAnEventComesOutOfSend);
end.
