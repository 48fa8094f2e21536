%% The expressions that load the agent, unless the node has it, and call its renew/3. The
%% bindings are Module, its name; Source, its text; and Arguments. The lock keeps an agent
%% that removes itself from doing so meanwhile.
Load = fun() ->
    case erlang:function_exported(Module, renew, 3) of
        true ->
            ok;
        false ->
            process_flag(priority, low), % requests go first
            {ok, Tokens, _} = erl_scan:string(binary_to_list(Source)),
            Forms = lists:foldr(
                fun
                    ({dot, _} = Dot, Forms) -> [[Dot] | Forms];
                    (Token, [Form | Forms]) -> [[Token | Form] | Forms]
                end, [], Tokens),
            Parsed = [begin {ok, Form} = erl_parse:parse_form(Form0), Form end || Form0 <- Forms],
            {ok, Module, Binary} = compile:forms(Parsed, []),
            true = code:soft_purge(Module),
            {module, Module} = code:load_binary(Module, "louche/agent.erl", Binary)
    end,
    apply(Module, renew, Arguments)
end,
global:trans({Module, self()}, Load, [node()]).
