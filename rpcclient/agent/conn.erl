
%% ---- Plugs, and what the application adds to a response

%% serve(Hash, Document, Schema, Options, Context, Setup, Respond) is run/6 for documents
%% whose context comes from plugs, or whose response has headers of the application. Hash is
%% none if the document is not to be prepared. Context is as build/1 takes it.
%%
%% Value is {answered, Headers, Outcome}, or {halted, Status, Headers, Body}. Respond is none,
%% or {conn, BeforeSend}: the conn, after the function BeforeSend if it is not none, has the
%% headers.
serve(Hash, Document, Schema, Options, Context, Setup, Respond) ->
    set_up(Setup),
    case runner(Hash, Document, Schema, Options) of
        unknown -> unknown;
        {Kept, Run} -> {Kept, answer(Run, Options, build(Context), Respond)}
    end.

answer(Run, Options, {ok, Conn, Context, More}, Respond) ->
    case Run(More ++ [{context, Context} | Options]) of
        {ok, Blueprint} = Answer -> {answered, headers(Respond, Conn, Blueprint), result(Answer)};
        Error -> {answered, [], Error}
    end;
answer(_, _, Refused, _) ->
    Refused.

%% build({conn, Request, Plugs, Endpoint, Map}) runs plugs on a conn. It returns {ok, Conn,
%% Context, Options}, with the context and the options of Absinthe that the plugs have set,
%% the former merged over Map; or {halted, Status, Headers, Body}.
build({conn, Request, Plugs, Endpoint, Map}) ->
    case plug(endpoint(Endpoint, conn(Request)), Plugs) of
        #{halted := false, state := State, private := Private} = Conn when State =:= unset; State =:= set ->
            Absinthe = maps:get(absinthe, Private, #{}),
            Options = maps:with([root_value, analyze_complexity, max_complexity], Absinthe),
            {ok, Conn, maps:merge(Map, maps:get(context, Absinthe, #{})), maps:to_list(Options)};
        Conn ->
            halted(Conn)
    end.

%% conn returns a %Plug.Conn{}, whose adapter is this module. It has no body.
conn({Method, Scheme, Host, Port, Path, Query, Address, Headers}) ->
    Conn = 'Elixir.Plug.Conn':'__struct__'(),
    Conn#{
        adapter := {louche_agent, Address}, owner := self(), method := Method, scheme := Scheme, host := Host, port := Port,
        request_path := Path, path_info := binary:split(Path, <<"/">>, [global, trim_all]), query_string := Query,
        remote_ip := Address, req_headers := Headers, resp_headers := [], body_params := #{}
    }.

%% endpoint sets what a Phoenix endpoint does.
endpoint(none, Conn) ->
    Conn;
endpoint(Endpoint, #{private := Private} = Conn) ->
    code:ensure_loaded(Endpoint),
    case erlang:function_exported(Endpoint, config, 1) of
        true -> Conn#{private := Private#{phoenix_endpoint => Endpoint}, secret_key_base := Endpoint:config(secret_key_base)};
        false -> Conn
    end.

%% plug runs plugs in order, modules and {Module, Function}, until one halts.
plug(#{halted := false} = Conn, [{Module, Function} | Plugs]) ->
    plug(call_application(Module, Function, [Conn, []]), Plugs);
plug(#{halted := false} = Conn, [Module | Plugs]) ->
    Options = call_application(Module, init, [[]]),
    plug(call_application(Module, call, [Conn, Options]), Plugs);
plug(Conn, _) ->
    Conn.

halted(#{state := set} = Conn) ->
    halted('Elixir.Plug.Conn':send_resp(Conn));
halted(#{state := sent, status := Status, resp_headers := Headers, resp_body := Body}) ->
    {halted, Status, Headers, Body};
halted(_) ->
    error(plug_halted_without_response).

headers(none, _, _) ->
    [];
headers({conn, none}, Conn, _) ->
    #{resp_headers := Headers} = 'Elixir.Plug.Conn':send_resp(Conn, 200, <<>>), % runs the callbacks of plugs
    Headers;
headers({conn, {Module, Function}}, Conn, Blueprint) ->
    headers({conn, none}, call_application(Module, Function, [Conn, Blueprint]), Blueprint).

%% call_application names the function in the reason of a crash, and leaves conns out of it:
%% they have the credentials of the request.
call_application(Module, Function, Arguments) ->
    try
        apply(Module, Function, Arguments)
    catch
        error:#{'__struct__' := 'Elixir.Plug.Conn.WrapperError', kind := Kind, reason := Reason, stack := Stack} ->
            erlang:raise(Kind, {{Module, Function, length(Arguments)}, without_conns(Reason)}, Stack);
        Class:Reason:Stack ->
            erlang:raise(Class, {{Module, Function, length(Arguments)}, without_conns(Reason)}, Stack)
    end.

without_conns(#{'__struct__' := 'Elixir.Plug.Conn' = Struct}) -> Struct;
without_conns(#{} = Map) -> maps:map(fun(_, Value) -> without_conns(Value) end, Map);
without_conns(Tuple) when is_tuple(Tuple) -> list_to_tuple(without_conns(tuple_to_list(Tuple)));
without_conns([First | Rest]) -> [without_conns(First) | without_conns(Rest)];
without_conns(Term) -> Term.

%% The adapter of conns (Plug.Conn.Adapter). It sends nothing: the conn has the response.
send_resp(Address, _, _, Body) -> {ok, iolist_to_binary(Body), Address}.
read_req_body(Address, _) -> {ok, <<>>, Address}.
get_peer_data(Address) -> #{address => Address, port => 0, ssl_cert => nil}.
get_http_protocol(_) -> 'HTTP/1.1'.
inform(_, _, _) -> {error, not_supported}.
upgrade(_, _, _) -> {error, not_supported}.
push(_, _, _) -> {error, not_supported}.
