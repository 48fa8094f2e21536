%% The expressions of a process that receives the files of an operation and then runs it, after
%% those of run.erl. The bindings are those of run.erl; Setup, as for run/6 of agent.erl;
%% Gateway, the pid of a mailbox; and Directory, a name that no other directory has.
%%
%% The process sends {ready, Pid}. The gateway sends {Gateway, Message}:
%%
%%     {file, Name, Filename, Type}    a file begins; Name is a key of the uploads
%%     Piece                           a binary that belongs to it
%%     run                             all files are here
%%     stop                            the upload has failed: the process ends
%%
%% written is the answer to each of the first two.
%%
%% Absinthe gets the files as Absinthe.Plug passes them, in the context. The value is that of
%% Run.
%%
%% Plug.Upload makes the files, for this process, and removes them when it has ended. On a
%% node without Plug, or on which Plug is not started, they are in a directory below the
%% system's temporary one, and another process removes that. Until run, the process ends with
%% the connection to the gateway.
Remove = fun Remove(Path) ->
    case file:del_dir_r(Path) of
        {error, eexist} -> Remove(Path); % the system still made a file in it
        Removed -> Removed
    end
end,
Own = fun() ->
    Path = filename:join('Elixir.System':'tmp_dir!'(), Directory),
    Owner = self(),
    Keep = fun() ->
        Monitor = erlang:monitor(process, Owner), % before there is anything to remove
        Made =
            case file:make_dir(Path) of
                ok -> file:change_mode(Path, 8#700);
                Refused -> Refused
            end,
        Owner ! {self(), Made},
        receive {'DOWN', Monitor, _, _, _} -> Made =:= ok andalso Remove(Path) end
    end,
    case filelib:is_dir(Path) of
        true ->
            ok; % an earlier file of this process has made it
        false ->
            Keeper = spawn(Keep),
            receive
                {Keeper, ok} -> ok;
                {Keeper, Problem} -> erlang:error({Path, Problem})
            end
    end,
    filename:join(Path, integer_to_binary(erlang:unique_integer([positive])))
end,
New = fun() ->
    try 'Elixir.Plug.Upload':random_file(<<"multipart">>) of
        {ok, Path} -> Path;
        Failed -> erlang:error({'Elixir.Plug.Upload', random_file, Failed})
    catch
        error:undef -> Own();
        error:badarg -> Own() % Plug is not started
    end
end,
Struct =
    case code:ensure_loaded('Elixir.Plug.Upload') of
        {module, Plug} -> Plug:'__struct__'();
        _ -> #{}
    end,
Receive = fun Receive(Uploads, File) ->
    receive
        {Gateway, Piece} when is_binary(Piece) ->
            ok = file:write(File, Piece),
            erlang:send(Gateway, written, [noconnect]),
            Receive(Uploads, File);
        {Gateway, {file, Name, Filename, Type}} ->
            File =:= none orelse file:close(File),
            Path = New(),
            {ok, Next} = file:open(Path, [write, raw]),
            erlang:send(Gateway, written, [noconnect]),
            Receive(Uploads#{Name => Struct#{path => Path, filename => Filename, content_type => Type}}, Next);
        {Gateway, run} ->
            File =:= none orelse file:close(File),
            Uploads;
        {Gateway, stop} ->
            exit(stop);
        {nodedown, _} ->
            exit(nodedown)
    end
end,
erlang:monitor_node(node(Gateway), true),
erlang:send(Gateway, {ready, self()}, [noconnect]),
Uploads = Receive(#{}, none),
erlang:monitor_node(node(Gateway), false),
receive {nodedown, _} -> gone after 0 -> here end,
[apply(Module, Function, Arguments) || {Module, Function, Arguments} <- Setup],
Run(#{'__absinthe_plug__' => #{uploads => Uploads}}).
